"""What of a playbook is explored: its topology and its promises. Its own faults and its times are left aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.recovers import FEWEST_REQUESTS, RECOVERS, RECOVERS_WITHIN_S
from chaoscli.errors import UsageError
from chaoscli.exploration import ALWAYS, Plan, Subject
from chaoscli.explore.trial import run
from chaoscli.load.settings import Load
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.playbook.nodes import nearest
from chaoscli.settings import from_plain
from chaoscli.worlds.simulated import refuse_what_is_no_service_of_ours

# Faults come in the first seconds: more of the same would be the same search at a higher price.
LONGEST_HARM_S = 5.0
LONGEST_AFTERWARDS_S = 60.0
# Without a law about it, load after the last heal only shows what the faults have left behind.
SHORT_AFTERWARDS_S = 0.5


def subjects_of(playbook: Playbook, invariants: Sequence[str] = ()) -> tuple[Subject, ...]:
    """One for each variant. ``invariants`` are those to look for; without any, those that the playbook promises for the
    variant, and where it promises none, every one that it keeps while nothing is done to it.

    UsageError for an unknown one, and where no variant has any that is left to look for; NotMadeError for what cannot be
    simulated.
    """
    for name in invariants:
        if name not in (*INVARIANTS, *ALWAYS):
            raise UsageError(f"unknown invariant '{name}'", hint=nearest(name, (*INVARIANTS, *ALWAYS)))
    for variant in playbook.variants:
        refuse_what_is_no_service_of_ours(
            variant.topology.at_first,
            way_out=f"explore searches simulated services only; `chaos run {playbook.source_name}` plays it on real processes",
        )
    subjects = tuple(_subject(playbook, variant, invariants) for variant in playbook.variants)
    if not any(subject.invariants for subject in subjects):
        raise UsageError(
            f"nothing is left to look for: '{playbook.name}' breaks every law without any fault",
            hint="name a promise with --invariant to see how else it is broken",
        )
    return subjects


def left_aside(playbook: Playbook, invariants: Sequence[str], subjects: Sequence[Subject]) -> dict[str, tuple[str, ...]]:
    """The laws that nobody looks for, though no promise was named for the variant: it breaks them without any fault."""
    return {
        variant.name: tuple(name for name in INVARIANTS if name not in subject.invariants)
        for variant, subject in zip(playbook.variants, subjects, strict=True)
        if not _promised(playbook, variant, invariants)
    }


def _promised(playbook: Playbook, variant: Variant, invariants: Sequence[str]) -> tuple[str, ...]:
    return tuple(invariants) or promises_of(playbook, variant)


def promises_of(playbook: Playbook, variant: Variant) -> tuple[str, ...]:
    """The invariants that its expectations name for this variant."""
    named = [
        one.invariant
        for one in playbook.expectations
        if one.invariant and not one.breaks and (not one.variants or variant.name in one.variants)
    ]
    return tuple(dict.fromkeys(named))


def _subject(playbook: Playbook, variant: Variant, invariants: Sequence[str]) -> Subject:
    promised = _promised(playbook, variant, invariants)
    wanted = promised or tuple(INVARIANTS)
    heals_s = min(playbook.lasts_s, LONGEST_HARM_S)
    subject = Subject(
        playbook=playbook.name,
        variant=variant.name,
        topology=variant.topology.at_first,  # nobody scales anything here
        invariants=wanted,
        heals_s=heals_s,
        lasts_s=heals_s + (RECOVERS_WITHIN_S + _afterwards_s(variant) if RECOVERS.name in wanted else SHORT_AFTERWARDS_S),
    )
    return subject if promised else replace(subject, invariants=_kept_when_left_alone(subject))


def _kept_when_left_alone(subject: Subject) -> tuple[str, ...]:
    plan = Plan(seed=0, heals_s=subject.heals_s, lasts_s=subject.lasts_s)
    broken = {violation.invariant for violation in run(subject, plan).violations}
    return tuple(name for name in subject.invariants if name not in broken)


def _afterwards_s(variant: Variant) -> float:
    """Long enough for each load to show whether it recovers: as many requests as that takes, and a third more."""
    rates = [from_plain(Load, load.settings).rate for load in variant.topology.loads]
    slowest = min((rate for rate in rates if rate > 0.0), default=1.0)
    return min(LONGEST_AFTERWARDS_S, max(0.5, (FEWEST_REQUESTS + 1) / slowest))
