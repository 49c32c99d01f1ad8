"""Worse is worse in the measure's own direction, by more than was allowed and by more than a busy machine does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.checks.baseline import (
    LESS_IS_BETTER,
    MORE_IS_BETTER,
    NOT_COMPARED,
    Compared,
    Worse,
    compare,
    figures_of,
    is_worse,
)
from chaoscli.checks.spread import Spread
from chaoscli.measures.catalogue import MEASURES, STANDARD, STANDARD_OF_LINKS

COMPARED = sorted(MORE_IS_BETTER | LESS_IS_BETTER)
VALUES = st.floats(min_value=0, max_value=1e6)


def test_every_standard_measure_has_a_direction_or_a_reason_to_have_none() -> None:
    assert set(STANDARD) | set(STANDARD_OF_LINKS) == MORE_IS_BETTER | LESS_IS_BETTER | NOT_COMPARED
    assert MORE_IS_BETTER & LESS_IS_BETTER == MORE_IS_BETTER & NOT_COMPARED == LESS_IS_BETTER & NOT_COMPARED == frozenset()
    assert set(MEASURES) > MORE_IS_BETTER | LESS_IS_BETTER | NOT_COMPARED


@pytest.mark.parametrize(
    ("measure", "before", "now", "worse"),
    [
        ("p99", 0.100, 0.111, True),  # 11 % more
        ("p99", 0.100, 0.109, False),
        ("p99", 0.100, 0.050, False),  # faster
        ("p99", 0.010, 0.014, False),  # 40 % more, and within what a busy machine does
        ("success", 0.95, 0.85, True),  # 10 points of 95 are more than a tenth
        ("success", 0.95, 0.86, False),
        ("success", 0.85, 0.95, False),
        ("timeouts", 0.0, 3.0, False),
        ("timeouts", 0.0, 4.0, True),
        ("duplicates", 0.0, 1.0, True),  # a law: one is too many
        ("recovery", 1.0, math.inf, True),
        ("recovery", math.inf, 1.0, False),
        ("recovery", math.inf, math.inf, False),
        ("p99", 0.1, None, True),  # no data any more
    ],
)
def test_worse_by_more_than_a_tenth(measure: str, before: float, now: float | None, worse: bool) -> None:
    assert is_worse(measure, before, now, worse_by=0.1) is worse


@given(st.sampled_from(COMPARED), VALUES, st.floats(min_value=0, max_value=1))
def test_the_same_is_never_worse(measure: str, value: float, worse_by: float) -> None:
    assert not is_worse(measure, value, value, worse_by=worse_by)


@given(st.sampled_from(COMPARED), VALUES, VALUES, st.floats(min_value=0, max_value=1))
def test_not_both_ways(measure: str, one: float, other: float, worse_by: float) -> None:
    assert not (is_worse(measure, one, other, worse_by=worse_by) and is_worse(measure, other, one, worse_by=worse_by))


def test_only_what_both_have_is_compared_and_new_variants_are_named() -> None:
    before = {("a", "", "p99"): 0.1, ("a", "", "recovery"): None, ("gone", "", "p99"): 0.1}
    now = {("a", "", "p99"): 0.3, ("a", "", "recovery"): 9.0, ("new", "", "p99"): 9.0}
    assert compare(before, now, worse_by=0.1) == Compared(
        worse=(Worse(variant="a", link="", measure="p99", before="100ms", now="300ms"),), count=1, note="not in the baseline: new"
    )


def test_what_got_worse_reads_as_a_sentence() -> None:
    worse = Worse(variant="naive", link="order -> inventory", measure="amplification", before="1.2x", now="2.4x")
    assert str(worse) == "naive: amplification of order -> inventory was 1.2x and is 2.4x"


def test_a_run_is_known_by_its_middle_values() -> None:
    def spread(measure: str) -> Spread:
        return Spread(variant="v", link="", measure=measure, least=1.0, median=2.0, most=9.0)

    assert figures_of([spread("p99"), spread("max")]) == {("v", "", "p99"): 2.0}
