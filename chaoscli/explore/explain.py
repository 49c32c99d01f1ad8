"""From a failing seed to a failure that a person can use: confirmed, made small, tried under other dice, told as a story."""

from __future__ import annotations

from itertools import islice

from chaoscli.exploration import Failure, Plan, Subject
from chaoscli.explore.futures import OTHER_SEEDS, again_under_other_seeds, chances
from chaoscli.explore.plan import MOST_ARRIVALS
from chaoscli.explore.shrink import MOST_RUNS, shrink
from chaoscli.explore.story import story_of
from chaoscli.explore.trial import confirmed, run
from chaoscli.load.course import pacer_of
from chaoscli.load.pacer import starts
from chaoscli.load.settings import Load
from chaoscli.settings import from_plain


def explained(subject: Subject, plan: Plan, invariant: str, *, most_runs: int = MOST_RUNS) -> Failure:
    """The smallest way that was found to break this promise, from one that does."""
    loads = {load.name: from_plain(Load, load.settings) for load in subject.topology.loads}
    arrivals = {
        name: list(islice(starts(pacer_of(name, load, lasts_s=plan.lasts_s, seed=plan.seed)), MOST_ARRIVALS))
        for name, load in loads.items()
    }
    shrunk = shrink(
        plan,
        lambda one: run(subject, one).broken(invariant) is not None,
        arrivals=arrivals,
        users={name: load.users for name, load in loads.items() if load.users is not None},
        most_runs=most_runs,
    )
    minimum = confirmed(subject, shrunk.plan)
    violation = minimum.broken(invariant)
    assert violation is not None, "a plan that failed twice"
    return Failure(
        subject=subject,
        violation=violation,
        plan=shrunk.plan,
        digest=minimum.digest,
        seeds=(plan.seed,),
        planned_faults=len(plan.faults),
        runs=shrunk.runs,
        again=again_under_other_seeds(subject, shrunk.plan, invariant),
        tried=OTHER_SEEDS,
        story=story_of(minimum.recording, violation),
        chances=chances(subject, shrunk.plan, invariant, violation.at_s),
    )
