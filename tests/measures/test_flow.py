"""Rates, what is under way at once, and a load that falls behind."""

from __future__ import annotations

import pytest

from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from tests.support.recordings import Play, recording


def read(play: Play, name: str, **scope: object) -> float | None:
    return MEASURES[name].read(play, Scope(**scope))  # type: ignore[arg-type]


def test_goodput_counts_good_answers_by_when_they_came_and_throughput_all() -> None:
    # Lasts 10 s: 20 good and 10 bad answers within it, 5 good ones in the drain.
    play = recording().curtain(10).requests(since=0, until=10, rate=2, took=0.1)
    play.requests(since=0, until=10, rate=1, took=0.1, result="failed").requests(since=9, until=9.9, rate=5, took=2.0).fell(12)
    assert read(play, "goodput") == 2.0
    assert read(play, "throughput") == 3.0


def test_the_rate_of_a_window_is_over_its_own_seconds() -> None:
    # Slow from 2 to 4; six answers come in it, whenever they were asked.
    play = recording().curtain(10).fault("slow", at=2, until=4)
    play.requests(since=1, until=3, rate=3, took=1.0).request(at=0, took=0.5)
    assert read(play, "goodput", window=Window("during", "slow")) == 3.0


def test_what_never_came_back_is_no_throughput() -> None:
    play = recording().curtain(10).request(at=1, took=8.0, result="unanswered").request(at=1, took=8.0, result="timeout")
    assert read(play, "throughput") == 0.1


def test_a_rate_over_no_time_is_no_data() -> None:
    assert read(recording().request(at=1, took=0.1), "goodput") is None  # the curtain never rose
    play = recording().curtain(10).fault("late", at=10, until=11).request(at=1, took=0.1)
    assert read(play, "goodput", window=Window("during", "late")) is None


def test_in_flight_is_the_most_at_one_instant() -> None:
    #  1.0 ----- 2.0
    #      1.5 ------ 2.5
    #            2.0 ------ 3.0   (begins as the first ends)
    play = recording().request(at=1.0, took=1.0).request(at=1.5, took=1.0).request(at=2.0, took=1.0)
    assert read(play, "in_flight_max") == 2
    assert read(play.request(at=2.2), "in_flight_max") == 3


def test_what_was_under_way_when_a_window_opened_counts_in_it() -> None:
    play = (
        recording().curtain(12).fault("slow", at=2, until=4).request(at=1, took=9).request(at=1, took=9).request(at=1, took=0.5)
    )
    assert read(play, "in_flight_max", window=Window("during", "slow")) == 2
    assert read(play, "in_flight_max", window=Window("before", "slow")) == 3


def test_lateness_is_how_long_after_their_time_requests_went_out() -> None:
    play = recording().request(at=1, late=0.001).request(at=2, late=0.003).request(at=3, late=0.5)
    assert read(play, "lateness_p50") == pytest.approx(0.003)
    assert read(play, "lateness_max") == pytest.approx(0.5)
    assert read(recording(), "lateness_max") is None


def test_lateness_is_of_a_load_and_of_what_was_meant_for_the_window() -> None:
    play = (
        recording()
        .fault("slow", at=2, until=4)
        .request(at=1.9, late=0.3)
        .request(at=3, late=0.1)
        .request(at=3, late=0.2, load="robots")
    )
    assert read(play, "lateness_max", window=Window("during", "slow"), load="shoppers") == pytest.approx(0.1)
    assert read(play, "lateness_max", window=Window("during", "slow")) == pytest.approx(0.2)
