"""A sentence asked while a play goes on is judged by what ended in the last while, and not before that is over."""

from __future__ import annotations

import pytest

from chaoscli.checks.condition import Condition, met, parse_condition
from chaoscli.checks.sentence import ExpectationError, Names
from tests.support.recordings import Play, recording

NAMES = Names(nodes=("order",), loads=("shoppers",))


def condition(text: str) -> Condition:
    return parse_condition(text, NAMES)


def failing_from_the_third_second() -> Play:
    play = recording().curtain(10)
    for number in range(60):
        at = number / 10
        play.request(at=at, took=0.01, result="failed" if at >= 3.0 else "ok")
    return play


def test_without_a_while_it_is_the_last_second() -> None:
    assert condition("errors > 90%").over_s == 1.0
    assert (condition("errors > 90% over 2s").over_s, condition("errors > 90%  over 2s").text) == (2.0, "errors > 90% over 2s")


@pytest.mark.parametrize(("now", "shown"), [(3.0, ""), (4.0, ""), (4.85, "95% > 90%"), (5.0, "100% > 90%")])
def test_it_is_judged_by_what_ended_in_the_last_while(now: float, shown: str) -> None:
    # At 4.85 s nineteen of the twenty requests since 2.85 s have failed.
    play = recording().curtain(10)
    for event in failing_from_the_third_second().events:
        if event.at <= now:
            play.add(event)
    assert met(condition("errors > 90% over 2s"), play, now) == shown


def test_who_hangs_is_heard_of_when_the_caller_gives_up() -> None:
    play = recording().curtain(20).request(at=1.0, took=5.0, result="timeout")
    assert met(condition("errors > 90% over 1s"), play, 6.5) == "100% > 90%"


def test_what_comes_so_often_a_second_is_counted_by_the_clock() -> None:
    play = recording().curtain(20).requests(since=0.0, until=10.0, rate=10, took=0.1)
    assert met(condition("throughput >= 10/s over 2s"), play, 10.0) == "10/s >= 10/s"
    assert met(condition("throughput < 2/s over 2s"), play, 13.0) == "0/s < 2/s"


def test_it_is_not_judged_before_its_while_is_over() -> None:
    play = recording().curtain(10).request(at=0.1, took=0.01, result="failed")
    assert met(condition("errors > 90% over 2s"), play, 1.9) == ""
    assert met(condition("errors > 90% over 2s"), play, 2.05) == "100% > 90%"


def test_what_has_no_data_does_not_hold() -> None:
    assert met(condition("errors > 90%"), recording().curtain(10), 5.0) == ""


@pytest.mark.parametrize("text", ["no oversell", "errors > 90% over 5", "errors > 90% over 2h", "errors >", "recovery > 2s"])
def test_what_cannot_be_asked_meanwhile_is_refused(text: str) -> None:
    with pytest.raises(ExpectationError):
        condition(text)
