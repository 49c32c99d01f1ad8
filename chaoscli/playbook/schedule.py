"""Intents in the order of time: what the conductor does, and when."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.playbook.meaning import CuePlan, FaultPlan, Variant


@dataclass(frozen=True, slots=True)
class Heal:
    """Undo a fault, ``at_s`` seconds after the curtain."""

    at_s: float
    plan: FaultPlan


@dataclass(frozen=True, slots=True)
class Inject:
    """Do a fault, ``at_s`` seconds after the curtain; ``until_s`` is when this time of it ends."""

    at_s: float
    plan: FaultPlan
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Do something to nodes or loads; ``until_s`` is when this time of it ends."""

    at_s: float
    plan: CuePlan
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """The end of such an act."""

    at_s: float
    plan: CuePlan


Cue = Heal | Inject | Act | Undo


def schedule(variant: Variant) -> tuple[Cue, ...]:
    """The cues of one variant in order of time; at one instant what ends comes first, then each kind in the order written.

    A fault without an end has no heal cue: the conductor undoes whatever is still in force on every way out of a run.
    """
    cues: list[Cue] = []
    for fault in (one for one in variant.faults if one.when is None):
        for at_s, until_s in fault.lives:
            cues += [Inject(at_s, fault, until_s), *([Heal(until_s, fault)] if until_s is not None else [])]
    for plan in (one for one in variant.cues if one.when is None):
        for at_s, until_s in plan.lives:
            cues += [Act(at_s, plan, until_s), *([Undo(until_s, plan)] if until_s is not None else [])]
    return tuple(sorted(cues, key=lambda cue: (cue.at_s, isinstance(cue, Inject | Act))))


def waiting(variant: Variant) -> tuple[FaultPlan | CuePlan, ...]:
    """What comes when a measure crosses its bound, and not by the clock."""
    plans: tuple[FaultPlan | CuePlan, ...] = (*variant.faults, *variant.cues)
    return tuple(one for one in plans if one.when is not None)
