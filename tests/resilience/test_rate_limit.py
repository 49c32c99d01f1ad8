from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.resilience.policy import RateLimit
from chaoscli.resilience.rate_limit import Meter


def waits(limit: RateLimit, times: list[float]) -> list[float | None]:
    meter = Meter(limit)
    return [meter.wait_s(now) for now in times]


def test_calls_at_the_rate_all_go_out_at_once() -> None:
    assert waits(RateLimit(rate=10.0), [0.0, 0.1, 0.2, 0.5, 0.6]) == [0.0] * 5


def test_a_call_before_its_turn_is_turned_away_and_costs_nothing() -> None:
    assert waits(RateLimit(rate=10.0), [0.0, 0.05, 0.09, 0.1]) == [0.0, None, None, 0.0]


def test_a_burst_may_go_out_after_a_quiet_time_and_is_earned_back_at_the_rate() -> None:
    times = [0.0, 0.0, 0.0, 0.0, 0.1, 0.1, 5.0, 5.0, 5.0, 5.0]

    assert waits(RateLimit(rate=10.0, burst=3), times) == [0.0, 0.0, 0.0, None, 0.0, None, 0.0, 0.0, 0.0, None]


def test_who_may_wait_takes_a_turn_to_come() -> None:
    assert waits(RateLimit(rate=10.0, wait=0.25), [0.0] * 5) == pytest.approx([0.0, 0.1, 0.2, None, None])


@given(st.floats(0.5, 50.0), st.integers(1, 5), st.floats(0.0, 1.0), st.lists(st.floats(0.0, 0.3), max_size=80))
def test_no_stretch_of_time_sees_more_than_the_rate_and_a_burst(rate: float, burst: int, wait: float, steps: list[float]) -> None:
    meter, now, out = Meter(RateLimit(rate=rate, burst=burst, wait=wait)), 0.0, []
    for step in steps:
        now += step
        wait_s = meter.wait_s(now)
        if wait_s is not None:
            assert 0.0 <= wait_s <= wait
            out.append(now + wait_s)
    assert out == sorted(out)
    for first in range(len(out)):
        for last in range(first, len(out)):
            assert last - first + 1 <= burst + rate * (out[last] - out[first]) + 1e-6
