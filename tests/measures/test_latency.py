"""Latencies: nearest rank, successes only unless asked otherwise, and never flattered by who gave up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.measures.base import Scope
from chaoscli.measures.catalogue import MEASURES
from chaoscli.measures.latency import quantile
from chaoscli.topology import Link
from tests.support.recordings import Play, recording


def read(play: Play, name: str, **scope: object) -> float | None:
    return MEASURES[name].read(play, Scope(**scope))  # type: ignore[arg-type]


def hundred() -> Play:
    """Latencies of 10 ms, 20 ms ... 1 s."""
    play = recording().curtain(12)
    for number in range(1, 101):
        play.request(at=number * 0.1, took=number * 0.01)
    return play


@pytest.mark.parametrize(
    ("name", "value"),
    # The rank of p of 100 values is p itself; of p99.9 it is 99.9, rounded up to 100. The mean of 1..100 is 50.5.
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 1.0), ("max", 1.0), ("mean", 0.505), ("slowest", 1.0)],
)
def test_quantiles_are_values_that_were_measured(name: str, value: float) -> None:
    assert read(hundred(), name) == pytest.approx(value, abs=1e-12)


def slowly_failing() -> Play:
    """Two quick successes, a quick failure, a slow timeout, and one that waits from 3 until the end at 13."""
    play = recording().curtain(12).request(at=1, took=0.1).request(at=1, took=0.2)
    return play.request(at=2, took=0.001, result="failed").request(at=2, took=5.0, result="timeout").request(at=3).fell(13)


@pytest.mark.parametrize(
    ("result", "worst"),
    [("", 0.2), ("ok", 0.2), ("failed", 0.001), ("timeout", 5.0), ("unanswered", 10.0), ("failures", 10.0), ("any", 10.0)],
)
def test_failures_have_latencies_of_their_own(result: str, worst: float) -> None:
    assert read(slowly_failing(), "max", result=result) == worst


def test_the_slowest_is_whoever_waited_longest_even_in_vain() -> None:
    assert read(slowly_failing(), "slowest") == 10.0


def test_no_latency_of_what_did_not_happen() -> None:
    assert read(slowly_failing(), "p99", result="reset") is None
    assert read(recording().request(at=1, took=1.0, result="failed"), "p50") is None


def test_a_links_latency_is_that_of_its_calls_and_a_nodes_that_of_its_own_part() -> None:
    play = (
        recording()
        .call("order -> inventory", "s-1", at=1, took=0.3)
        .answered("inventory", "s-1", at=1.2, queued=0.05, worked=0.1)
    )
    assert read(play, "p50", link=Link("order", "inventory")) == 0.3
    assert read(play, "p50", node="inventory") == pytest.approx(0.15)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.001, 1.0))
def test_a_quantile_is_the_smallest_value_that_the_share_stays_within(values: list[float], share: float) -> None:
    ordered = sorted(values)
    found = quantile(ordered, share)
    naive = next(value for value in ordered if sum(other <= value for other in ordered) / len(ordered) >= share - 1e-9)
    assert found == naive


@given(st.integers(1, 5000))
def test_no_rank_is_missed_by_a_rounding_error(count: int) -> None:
    # 0.999 * 1000 is a little more than 999 in binary; the 999th of 1000 values is meant.
    ordered = [float(number) for number in range(1, count + 1)]
    assert quantile(ordered, 0.999) == -(-count * 999 // 1000)
