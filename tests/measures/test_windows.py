"""A window is told by a fault's life as it was, not as it was planned."""

from __future__ import annotations

import math

import pytest

from chaoscli.measures.base import NoData, Scope, When, Window
from chaoscli.measures.windows import ALWAYS, Spans, fault_lives, first_injection, last_heal, spans
from tests.support.recordings import Play, recording


def twice_slow() -> Play:
    """Slow from 2 to 4 and again from 6 to 7, always 0.1 s late."""
    return recording().curtain(12).fault("slow", at=2, until=4, late=0.1).fault("slow", at=6, until=7, late=0.1)


def within(play: Play, when: When, fault: str = "slow") -> Spans:
    return spans(play, Scope(window=Window(when, fault)))


def test_during_a_fault_is_each_time_it_was_there() -> None:
    assert within(twice_slow(), "during") == Spans((2.1, 6.1), (4.1, 7.1))


def test_before_a_fault_is_before_it_first_came_and_after_it_is_after_it_last_healed() -> None:
    assert within(twice_slow(), "before") == Spans((-math.inf,), (2.1,))
    assert within(twice_slow(), "after") == Spans((7.1,), (math.inf,))


def test_without_a_window_it_is_always() -> None:
    assert spans(twice_slow(), Scope()) == ALWAYS


def test_a_span_holds_its_start_and_not_its_end() -> None:
    span = Spans((2.0, 6.0), (4.0, 7.0))
    assert [at for at in (1.9, 2.0, 3.9, 4.0, 5.0, 6.5, 7.0) if at in span] == [2.0, 3.9, 6.5]


def test_seconds_are_counted_only_where_a_span_overlaps() -> None:
    # 3 to 4 of the first span, 6 to 6.5 of the second.
    assert Spans((2.0, 6.0), (4.0, 7.0)).seconds_within(3.0, 6.5) == 1.5


def test_a_fault_that_never_healed_lasted_to_the_end_and_has_no_after() -> None:
    play = recording().fault("slow", at=2)
    assert within(play, "during") == Spans((2.0,), (math.inf,))
    with pytest.raises(NoData, match="fault 'slow' was never healed"):
        within(play, "after")


def test_a_fault_that_never_came_gives_no_data() -> None:
    with pytest.raises(NoData, match="fault 'lag' was never injected"):
        within(twice_slow(), "during", "lag")


def test_a_heal_without_an_injection_is_no_life() -> None:
    # What is undone at the end of an interrupted run may be told twice.
    play = recording().fault("slow", at=2, until=4)
    play.fault("other", at=1, until=5)
    assert fault_lives(play.tell(*play.events[1:2]), "slow") == [(2.0, 4.0)]


def test_the_last_heal_and_the_first_injection_are_of_all_faults_when_none_is_named() -> None:
    play = twice_slow().fault("lag", at=1, until=9)
    assert (first_injection(play), last_heal(play)) == (1.0, 9.0)
    assert (first_injection(play, "slow"), last_heal(play, "slow")) == (2.1, 7.1)


def test_one_fault_still_on_means_that_not_all_have_healed() -> None:
    with pytest.raises(NoData, match="the faults were never all healed"):
        last_heal(twice_slow().fault("lag", at=8))


def test_a_play_without_faults_has_no_heal() -> None:
    with pytest.raises(NoData, match="no fault was injected"):
        last_heal(recording().curtain(3))


def test_what_is_over_in_the_moment_it_is_done_has_an_after() -> None:
    play = recording().curtain(10).fault("kill", at=3, until=3).fault("cut", at=1, until=2).fault("cut", at=2, until=4)
    assert fault_lives(play, "kill") == [(3.0, 3.0)]
    assert last_heal(play, "kill") == 3.0
    assert fault_lives(play, "cut") == [(1.0, 2.0), (2.0, 4.0)]
