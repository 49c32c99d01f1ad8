"""Intents in the order of time: what the conductor does, and when."""

from __future__ import annotations

from collections.abc import Iterator
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
class Grow:
    """Let a fault have reached this share of its settings."""

    at_s: float
    plan: FaultPlan
    share: float


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


Cue = Heal | Inject | Grow | Act | Undo

# Finer than anything that is measured here, and no work beside the traffic; a long ramp has as many steps as a percent has.
STEP_S = 0.1
MOST_STEPS = 100


def schedule(variant: Variant) -> tuple[Cue, ...]:
    """The cues of one variant in order of time; at one instant what ends comes first, then each kind in the order written.

    A fault without an end has no heal cue: the conductor undoes whatever is still in force on every way out of a run.
    """
    cues: list[Cue] = []
    for fault in (one for one in variant.faults if one.when is None):
        for at_s, until_s in fault.lives:
            cues += [Inject(at_s, fault, until_s), *growth(fault, at_s), *([Heal(until_s, fault)] if until_s is not None else [])]
    for plan in (one for one in variant.cues if one.when is None):
        for at_s, until_s in plan.lives:
            cues += [Act(at_s, plan, until_s), *([Undo(until_s, plan)] if until_s is not None else [])]
    return tuple(sorted(cues, key=lambda cue: (cue.at_s, isinstance(cue, Inject | Grow | Act))))


def growth(plan: FaultPlan, at_s: float) -> Iterator[Grow]:
    """The steps by which a fault that begins at ``at_s`` comes to all of its settings; it begins with the first of them."""
    steps = steps_of(plan)
    for step in range(2, steps + 1):
        yield Grow(at_s + (step - 1) * plan.ramp_s / (steps - 1), plan, step / steps)


def steps_of(plan: FaultPlan) -> int:
    """One for a fault that is there at once."""
    return min(max(2, round(plan.ramp_s / STEP_S)), MOST_STEPS) if plan.ramp_s else 1


def waiting(variant: Variant) -> tuple[FaultPlan | CuePlan, ...]:
    """What comes when a measure crosses its bound, and not by the clock."""
    plans: tuple[FaultPlan | CuePlan, ...] = (*variant.faults, *variant.cues)
    return tuple(one for one in plans if one.when is not None)
