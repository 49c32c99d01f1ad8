"""Recovery: from the heal to the first second in which things are as well as before."""

from __future__ import annotations

import math

import pytest

from chaoscli.measures.base import NoData, Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.measures.recovery import recovery
from tests.support.recordings import Play, recording


def outage(lasts: float = 12) -> Play:
    """Ten requests a second of 50 ms; from 2 to 5 they fail. What comes after the heal at 5 is the test's own."""
    play = recording().curtain(lasts).requests(since=0, until=2, rate=10, took=0.05).fault("slow", at=2, until=5)
    return play.requests(since=2, until=5, rate=10, took=1.0, result="timeout")


def after_slow(play: Play) -> float:
    return recovery(play, Scope(window=Window("after", "slow")))


def test_all_well_from_the_first_request_after_the_heal_is_no_time_at_all() -> None:
    assert after_slow(outage().requests(since=5, until=12, rate=10, took=0.05)) == 0.0


def test_recovery_is_when_success_is_back() -> None:
    play = (
        outage()
        .requests(since=5, until=6.5, rate=10, took=1.0, result="failed")
        .requests(since=6.5, until=12, rate=10, took=0.05)
    )
    assert after_slow(play) == pytest.approx(1.5)


def test_success_that_is_still_slow_is_no_recovery() -> None:
    # Before: 50 ms. Well again within max(2 x 50 ms, 50 ms + 50 ms) = 100 ms; from 5 to 7 it takes 400 ms.
    play = outage().requests(since=5, until=7, rate=10, took=0.4).requests(since=7, until=12, rate=10, took=0.09)
    assert after_slow(play) == pytest.approx(2.0)


def test_a_good_moment_that_does_not_last_a_second_is_no_recovery() -> None:
    play = (
        outage().requests(since=5, until=5.5, rate=10, took=0.05).requests(since=5.5, until=6, rate=10, took=1.0, result="failed")
    )
    assert after_slow(play.requests(since=6, until=12, rate=10, took=0.05)) == pytest.approx(1.0)


def test_one_good_second_is_enough_even_the_last_before_the_load_ends() -> None:
    play = outage(lasts=7.0).requests(since=5, until=6, rate=10, took=1.0, result="failed")
    assert after_slow(play.requests(since=6, until=7, rate=10, took=0.05)) == pytest.approx(1.0)
    # With the end a moment earlier there is no whole second left to see.
    play = outage(lasts=6.95).requests(since=5, until=6, rate=10, took=1.0, result="failed")
    assert after_slow(play.requests(since=6, until=6.95, rate=10, took=0.05)) == math.inf


def test_a_heal_a_second_before_the_end_can_still_be_judged() -> None:
    assert after_slow(outage(lasts=6.0).requests(since=5, until=6, rate=10, took=0.05)) == 0.0


def test_a_quick_service_may_be_a_hiccup_slower_than_before() -> None:
    # 5 ms before: well again within 5 + 50 ms, though that is eleven times as long.
    quick = recording().curtain(12).requests(since=0, until=2, rate=10, took=0.005).fault("slow", at=2, until=5)
    assert after_slow(quick.requests(since=5, until=12, rate=10, took=0.054)) == 0.0
    slower = recording().curtain(12).requests(since=0, until=2, rate=10, took=0.005).fault("slow", at=2, until=5)
    assert after_slow(slower.requests(since=5, until=12, rate=10, took=0.056)) == math.inf


def test_one_failure_in_twenty_is_well_enough_and_one_in_ten_is_not() -> None:
    def with_one_failure_a_second(rate: float) -> Play:
        play = outage()
        for second in range(5, 12):
            play.request(at=second, took=1.0, result="failed")
            play.requests(since=second + 1 / rate, until=second + 1, rate=rate, took=0.05)
        return play

    # Of 20 a second 19 are well: 95 %.
    assert after_slow(with_one_failure_a_second(20)) == pytest.approx(0.05)
    assert after_slow(with_one_failure_a_second(10)) == math.inf


def test_what_never_comes_back_takes_for_ever() -> None:
    play = outage().requests(since=5, until=12, rate=10, took=1.0, result="timeout")
    assert after_slow(play) == math.inf
    assert MEASURES["recovery"].show(math.inf) == "never"


def test_requests_that_hang_to_the_end_are_not_well() -> None:
    assert after_slow(outage().requests(since=5, until=12, rate=10).fell(14)) == math.inf


def test_requests_that_were_not_even_sent_are_not_well() -> None:
    # From 5 to 7 every other request finds too many in flight.
    play = outage().requests(since=5, until=12, rate=10, took=0.05)
    for tenth in range(50, 70):
        play.skipped(at=tenth / 10 + 0.05)
    assert after_slow(play) == pytest.approx(2.0)


def test_without_a_before_only_success_counts() -> None:
    play = recording().curtain(8).fault("slow", at=0, until=2).requests(since=0, until=2, rate=10, took=1.0, result="failed")
    assert after_slow(play.requests(since=2, until=8, rate=10, took=0.7)) == 0.0


def test_it_is_counted_from_the_heal_as_it_was_and_of_the_last_fault_when_none_is_named() -> None:
    play = outage().fault("lag", at=6, until=7, late=0.25)
    play.requests(since=5, until=7.5, rate=10, took=1.0, result="failed").requests(since=7.5, until=12, rate=10, took=0.05)
    assert recovery(play, Scope()) == pytest.approx(0.25)  # healed at 7.25
    assert after_slow(play) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        (recording().curtain(9).requests(since=0, until=9, rate=10, took=0.05), "no fault was injected"),
        (recording().curtain(9).fault("slow", at=2), "the faults were never all healed"),
        (outage(lasts=5.9), "the load ended within a second of the heal"),
        (outage(), "no request came after the heal"),
    ],
)
def test_no_recovery_to_speak_of(play: Play, reason: str) -> None:
    with pytest.raises(NoData, match=reason):
        recovery(play, Scope())
