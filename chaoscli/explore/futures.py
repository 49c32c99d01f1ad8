"""How sure a failure is: the same faults under other dice, and other futures of the same past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaoscli.exploration import Chance, Plan, Subject
from chaoscli.explore.trial import run

# Enough to tell "always" from "mostly", and one in two from one in ten.
OTHER_SEEDS = 20
FUTURES = 10
MOST_MOMENTS = 10
# Far from any seed of a sweep: these are other dice, not another search.
FIRST_OTHER_SEED = 1_000_000_000


def again_under_other_seeds(subject: Subject, plan: Plan, invariant: str, *, tried: int = OTHER_SEEDS) -> int:
    """How many of so many other seeds break the same promise under the same faults."""
    seeds = range(FIRST_OTHER_SEED, FIRST_OTHER_SEED + tried)
    return sum(run(subject, replace(plan, seed=seed)).broken(invariant) is not None for seed in seeds)


def chances(
    subject: Subject, plan: Plan, invariant: str, guilty_s: float, *, most: int = MOST_MOMENTS, tried: int = FUTURES
) -> tuple[Chance, ...]:
    """How likely the failure is from each moment on: the run as it was until then, and ``tried`` futures with other dice."""
    return tuple(
        Chance(at_s=at_s, failed=_failed(subject, plan, invariant, at_s, tried), tried=tried)
        for at_s in moments(plan, guilty_s, most)
    )


def _failed(subject: Subject, plan: Plan, invariant: str, at_s: float, tried: int) -> int:
    return sum(
        run(subject, plan, other_dice=(at_s, FIRST_OTHER_SEED + number)).broken(invariant) is not None for number in range(tried)
    )


def moments(plan: Plan, guilty_s: float, most: int) -> Sequence[float]:
    """The beginnings and ends of faults, and what lies evenly between the curtain and just behind the guilty moment."""
    end_s = min(guilty_s + 0.05, plan.lasts_s)
    told = [at for fault in plan.faults if fault.after is None for at in (fault.at_s, fault.at_s + fault.for_s)]
    near = sorted({round(at, 3) for at in told if 0.0 < at < end_s})[: most // 2]
    even = [end_s * place / (most - len(near) - 1) for place in range(most - len(near))]
    return sorted({round(at, 3) for at in (*near, *even)})
