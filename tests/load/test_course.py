"""How a rate goes over a play: the times at which requests start, in plain arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.load.course import pacer_of, profile_of
from chaoscli.load.pacer import starts
from chaoscli.load.settings import Bursts, Load, Step


def load(**settings: object) -> Load:
    return Load(**{"request": "GET order /", "rate": 4.0, "arrivals": "constant", **settings})  # type: ignore[arg-type]


def times(of: Load, lasts_s: float) -> list[float]:
    return list(starts(pacer_of("shoppers", of, lasts_s=lasts_s, seed=7)))


def test_a_ramp_begins_at_nothing_and_ends_at_the_rate() -> None:
    # From 0 to 4 a second in 2 s: t * t are due by t, 4 of them by 2 s; then one every quarter of a second.
    assert times(load(ramp=2.0), 3.0) == pytest.approx([0.0, 1.0, 2**0.5, 3**0.5, 2.0, 2.25, 2.5, 2.75])


def test_a_ramp_that_the_load_does_not_outlast_is_cut() -> None:
    assert times(load(ramp=2.0, stops=1.5), 3.0) == pytest.approx([0.0, 1.0, 2**0.5])


def test_stages_follow_each_other_and_the_last_rate_stays() -> None:
    steps = (Step(for_=1.0, rate=2.0), Step(for_=1.0, rate=0.0), Step(for_=1.0, rate=4.0))
    assert times(load(stages=steps), 3.5) == [0.0, 0.5, 2.0, 2.25, 2.5, 2.75, 3.0, 3.25]


def test_a_stage_begins_where_the_one_before_ended_unless_it_says_otherwise() -> None:
    profile = profile_of(
        load(rate=10.0, starts=1.0, stages=(Step(for_=2.0, to=30.0), Step(for_=1.0), Step(for_=1.0, rate=5.0))), 9.0
    )
    rates = [(one.starts_s, one.ends_s, one.rate, one.end_rate) for one in profile.stages]
    assert rates == [(1.0, 3.0, 10.0, 30.0), (3.0, 4.0, 30.0, 30.0), (4.0, 5.0, 5.0, 5.0), (5.0, 9.0, 5.0, 5.0)]


def test_bursts_come_again_and_again_beside_the_usual_ones() -> None:
    bursts = Bursts(every=1.0, of=2, for_=0.5)
    # 2 in half a second are 4 a second more: every eighth of a second inside, every quarter outside.
    expected = [0.0, 0.25, 0.5, 0.75, 1.0, 1.125, 1.25, 1.375, 1.5, 1.75]
    assert times(load(bursts=bursts), 2.0) == pytest.approx(expected)


def test_bursts_count_from_the_start_of_the_load() -> None:
    late = load(rate=0.0, starts=0.5, bursts=Bursts(every=1.0, of=2, for_=0.25))
    assert times(late, 3.0) == pytest.approx([1.5, 1.625, 2.5, 2.625])


@given(st.floats(0.1, 3.0), st.integers(1, 50), st.floats(0.001, 0.1), st.floats(0, 100), st.floats(0, 3), st.floats(0.5, 20))
def test_whatever_the_course_as_many_start_as_are_due(
    every: float, of: int, for_: float, rate: float, ramp: float, lasts_s: float
) -> None:
    one = load(rate=rate, ramp=ramp, bursts=Bursts(every=every, of=of, for_=for_), stages=(Step(for_=1.0, to=2 * rate),))
    profile = profile_of(one, lasts_s)
    found = times(one, lasts_s)
    assert found == sorted(found)
    assert all(0.0 <= at <= lasts_s for at in found)
    assert abs(len(found) - profile.due(lasts_s)) <= 1.0 + 1e-6
    assert all(after.starts_s == before.ends_s for before, after in zip(profile.stages, profile.stages[1:], strict=False))


def test_users_follow_no_schedule() -> None:
    assert times(load(users=3), 5.0) == []
