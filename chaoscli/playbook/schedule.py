"""Intents in the order of time: what the conductor does, and when."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.playbook.meaning import FaultPlan, Variant


@dataclass(frozen=True, slots=True)
class Heal:
    """Undo a fault, ``at_s`` seconds after the curtain."""

    at_s: float
    plan: FaultPlan


@dataclass(frozen=True, slots=True)
class Inject:
    """Do a fault, ``at_s`` seconds after the curtain."""

    at_s: float
    plan: FaultPlan


Cue = Heal | Inject


def schedule(variant: Variant) -> tuple[Cue, ...]:
    """The cues of one variant in order of time; at one instant heals come first, then each kind in the order written.

    A fault without an end has no heal cue: the conductor undoes whatever is still in force on every way out of a run.
    """
    heals = [Heal(plan.until_s, plan) for plan in variant.faults if plan.until_s is not None]
    injects = [Inject(plan.at_s, plan) for plan in variant.faults]
    return tuple(sorted([*heals, *injects], key=lambda cue: (cue.at_s, isinstance(cue, Inject))))
