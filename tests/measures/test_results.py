"""How requests ended: each result by itself, shares of what ended, and what never came back."""

from __future__ import annotations

import pytest

from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link
from tests.support.recordings import Play, recording

LINK = Link("order", "inventory")


def read(play: Play, name: str, **scope: object) -> float | None:
    return MEASURES[name].read(play, Scope(**scope))  # type: ignore[arg-type]


def mixed() -> Play:
    """Ten requests: four good, one fallback, and one of each failure; the last never ends."""
    play = recording().curtain(12)
    for number, result in enumerate(["ok"] * 4 + ["fallback", "failed", "timeout", "refused", "reset"]):
        play.request(at=number, took=0.1, result=result)
    return play.request(at=9.0).fell(14.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requests", 10),
        ("ok", 4),
        ("fallbacks", 1),
        ("failed", 1),
        ("timeouts", 1),
        ("refused", 1),
        ("resets", 1),
        ("unanswered", 1),
        ("skipped", 0),
        # 5 of 10: a fallback is a success, what never ended is not
        ("success", 0.5),
        ("errors", 0.5),
    ],
)
def test_every_result_is_counted_by_itself(name: str, value: float) -> None:
    assert read(mixed(), name) == value


def test_while_the_run_goes_on_a_waiting_request_is_neither_success_nor_failure() -> None:
    play = recording().curtain(12).request(at=1, took=0.1).request(at=2)
    assert [read(play, name) for name in ("requests", "success", "unanswered")] == [2, 1.0, 0]
    play.fell(14)
    assert [read(play, name) for name in ("requests", "success", "unanswered")] == [2, 0.5, 1]


def test_a_request_belongs_to_the_window_in_which_it_was_meant_to_start() -> None:
    # Slow from 2 to 4. Meant for 1.9 and sent late, meant for 2 and ended late, meant for 4.
    play = recording().fault("slow", at=2, until=4)
    play.request(at=1.9, took=5.0, late=0.5, result="timeout").request(at=2.0, took=3.0, result="failed").request(
        at=4.0, took=0.1
    )
    windows = [Window("before", "slow"), Window("during", "slow"), Window("after", "slow")]
    assert [read(play, "timeouts", window=window) for window in windows] == [1, 0, 0]
    assert [read(play, "failed", window=window) for window in windows] == [0, 1, 0]
    assert [read(play, "success", window=window) for window in windows] == [0.0, 0.0, 1.0]


def test_a_share_of_nothing_is_no_data() -> None:
    assert read(recording().curtain(3), "success") is None
    assert read(mixed(), "success", load="robots") is None


def test_loads_can_be_told_apart() -> None:
    play = recording().request(at=1, took=0.1).request(at=1, took=0.1, load="robots", result="failed")
    assert [read(play, "success", load=load) for load in ("", "shoppers", "robots")] == [0.5, 1.0, 0.0]


def test_two_loads_may_number_their_requests_alike() -> None:
    play = recording().request(at=1, took=0.1, name="n-1", load="a").request(at=1, name="n-1", load="b").fell(5)
    assert [read(play, "unanswered", load=load) for load in ("a", "b")] == [0, 1]


def test_skipped_requests_are_counted_where_they_were_due() -> None:
    play = recording().fault("slow", at=2, until=4).skipped(at=3.0).skipped(at=5.0)
    assert read(play, "skipped") == 2
    assert read(play, "skipped", window=Window("during", "slow")) == 1
    assert read(play, "requests") == 0


# -- of a link: its calls, every attempt by itself


def test_a_links_results_are_those_of_its_calls() -> None:
    play = recording().call("order -> inventory", "s-1", at=1, took=0.3, result="timeout")
    play.call("order -> inventory", "s-1", at=1.5, took=0.1, attempt=2).call("shoppers -> order", "s-1", at=1, took=0.7)
    assert [read(play, name, link=LINK) for name in ("requests", "timeouts", "success")] == [2, 1, 0.5]


def test_one_request_may_call_the_same_callee_twice_and_lose_the_second_call() -> None:
    # Check, then reserve: both are attempt 1 of the same request.
    play = recording().call("order -> inventory", "s-1", at=1, took=0.1).call("order -> inventory", "s-1", at=1.2).fell(5)
    assert [read(play, name, link=LINK) for name in ("requests", "ok", "unanswered")] == [2, 1, 1]


def test_a_call_belongs_to_the_window_in_which_it_started() -> None:
    play = recording().fault("slow", at=2, until=4).call("order -> inventory", "s-1", at=1.5, took=1.0)
    play.call("order -> inventory", "s-2", at=3.5, took=1.0)
    assert [read(play, "ok", link=LINK, window=Window(when, "slow")) for when in ("before", "during", "after")] == [1, 1, 0]


def test_a_links_fallbacks_are_its_callers() -> None:
    play = (
        recording()
        .fault("slow", at=2, until=4)
        .fallback("order -> inventory", "s-1", at=1)
        .fallback("web -> inventory", "s-1", at=1)
    )
    play.fallback("order -> payment", "s-1", at=1).fallback("order -> inventory", "s-2", at=3)
    assert read(play, "fallbacks", link=LINK) == 2
    assert read(play, "fallbacks", link=LINK, window=Window("during", "slow")) == 1


# -- of a node: what it answered, and what it turned away


def test_a_nodes_results_are_its_answers_and_refusals() -> None:
    play = recording().answered("inventory", "s-1", at=1).answered("inventory", "s-2", at=2, status=400)
    play.refused("inventory", "s-3", at=3).answered("order", "s-1", at=1)
    assert [read(play, name, node="inventory") for name in ("requests", "ok", "failed")] == [3, 1, 2]
