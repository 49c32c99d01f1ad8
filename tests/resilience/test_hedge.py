from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import IDEMPOTENCY_KEY, Request
from chaoscli.resilience.hedge import FEWEST_SEEN, MOST_SEEN, Hedging, is_repeatable
from chaoscli.resilience.policy import Hedge


@pytest.mark.parametrize(
    ("method", "expected"),
    [("GET", True), ("HEAD", True), ("PUT", True), ("DELETE", True), ("OPTIONS", True), ("POST", False), ("PATCH", False)],
)
def test_what_may_run_twice_by_its_method(method: str, expected: bool) -> None:
    assert is_repeatable(Request(method=method, target="/")) is expected


def test_a_key_makes_anything_safe_to_run_twice() -> None:
    assert is_repeatable(Request(method="POST", target="/", headers=((IDEMPOTENCY_KEY, "k"),)))
    assert not is_repeatable(Request(method="POST", target="/", headers=((IDEMPOTENCY_KEY, ""),)))


def test_without_a_percentile_the_delay_is_as_written() -> None:
    hedging = Hedging(Hedge(after=0.25))
    for _ in range(100):
        hedging.took(9.0)

    assert hedging.after_s() == 0.25


def test_a_percentile_waits_until_it_has_seen_enough() -> None:
    hedging = Hedging(Hedge(after=0.25, percentile=0.95))
    delays = []
    for number in range(1, FEWEST_SEEN + 1):
        hedging.took(number / 1000)
        delays.append(hedging.after_s())

    assert delays == [0.25] * (FEWEST_SEEN - 1) + [0.020]  # 19 of 20 are below it


def test_old_latencies_are_forgotten() -> None:
    hedging = Hedging(Hedge(percentile=0.5))
    for _ in range(MOST_SEEN):
        hedging.took(5.0)
    for _ in range(MOST_SEEN):
        hedging.took(0.1)

    assert hedging.after_s() == 0.1


@given(st.lists(st.floats(0.0, 10.0), min_size=FEWEST_SEEN, max_size=3 * MOST_SEEN), st.floats(0.01, 0.99))
def test_the_percentile_lies_where_it_says_among_the_latest(seconds: list[float], share: float) -> None:
    hedging = Hedging(Hedge(percentile=share))
    for one in seconds:
        hedging.took(one)
    latest, after_s = seconds[-MOST_SEEN:], hedging.after_s()

    assert after_s in latest
    assert sum(one < after_s for one in latest) <= share * len(latest) <= sum(one <= after_s for one in latest)


def test_what_was_given_up_keeps_the_percentile_where_it_is() -> None:
    # Every twentieth call would take 5 s and is given up when its copy has answered, 10 ms after the 95th percentile. Counted
    # as that long it stays above it. Left out, the percentile would sink to what the quick ones take, and sink again.
    hedging = Hedging(Hedge(after=0.2, percentile=0.95))
    delays = []
    for number in range(2000):
        slow = number % 20 == 0
        delays.append(hedging.after_s())
        hedging.took(hedging.after_s() + 0.01 if slow else 0.1 + number % 7 / 1000)

    # Of the last thousand calls those that were later than the delay of their time: one in twenty, and few more.
    late = sum(number % 20 == 0 or 0.1 + number % 7 / 1000 > delays[number] for number in range(1000, 2000))
    assert 50 <= late <= 60
