"""Several runs as one: the least, the middle and the most, of what was measured and of nothing else."""

from __future__ import annotations

import math

import pytest

from chaoscli.checks.spread import Spread, spread_of
from chaoscli.outcome import Outcome, VariantOutcome


def run(p99: float | None, calls: float = 1.0) -> Outcome:
    variant = VariantOutcome(name="only", measures={"p99": p99}, links={"a -> b": {"calls": calls}})
    return Outcome(playbook="p", title="p", seed=1, world="simulated", variants=(variant,))


def spread(measure: str, *values: float | None, missing: int = 0, link: str = "") -> Spread:
    least, median, most = values
    return Spread(variant="only", link=link, measure=measure, least=least, median=median, most=most, missing=missing)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ([3.0, 1.0, 2.0], spread("p99", 1.0, 2.0, 3.0)),
        ([4.0, 1.0, 2.0, 3.0], spread("p99", 1.0, 2.0, 4.0)),  # of two middle ones the lower: a value that was measured
        ([1.0, math.inf, math.inf], spread("p99", 1.0, math.inf, math.inf)),
        ([1.0, None], spread("p99", 1.0, 1.0, 1.0, missing=1)),
        ([None, None], spread("p99", None, None, None, missing=2)),
    ],
)
def test_the_spread_of_a_measure(measured: list[float | None], expected: Spread) -> None:
    assert spread_of([run(value) for value in measured])[0] == expected


def test_links_have_a_spread_of_their_own() -> None:
    assert spread_of([run(1.0, calls=2.0), run(1.0, calls=5.0)])[1] == spread("calls", 2.0, 2.0, 5.0, link="a -> b")


def test_of_no_runs_there_is_none() -> None:
    assert spread_of([]) == ()


def test_what_differs_or_was_missing_moved() -> None:
    moved = [spread_of([run(one), run(other)])[0].moved for one, other in ((1.0, 1.0), (1.0, 2.0), (1.0, None))]
    assert moved == [False, True, True]
