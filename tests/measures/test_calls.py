"""What a callee is sent: its peak in any one second, and how much more than the caller was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link
from tests.support.recordings import Play, recording

LINK = Link("order", "inventory")
EDGE = Link("shoppers", "order")


def read(play: Play, name: str, **scope: object) -> float | None:
    return MEASURES[name].read(play, Scope(**scope))  # type: ignore[arg-type]


def order(play: Play, name: str, *, at: float, attempts: int = 1, lost: int = 0, pause: float = 0.1) -> Play:
    """One request at order, which calls inventory so often; the first ``lost`` calls never arrive."""
    play.request(at=at, took=1.0, name=name).call("shoppers -> order", name, at=at, took=1.0)
    for attempt in range(1, attempts + 1):
        start = at + pause * (attempt - 1)
        play.call("order -> inventory", name, at=start, took=0.1, attempt=attempt, arrives=None if attempt <= lost else 0.0)
        if attempt < attempts:
            play.retry("order -> inventory", name, at=start + 0.1, attempt=attempt + 1)
    return play


def test_attempts_are_what_was_sent_and_calls_what_arrived() -> None:
    play = order(recording(), "s-1", at=1, attempts=4, lost=3)
    assert [read(play, name, link=LINK) for name in ("attempts", "retries", "calls")] == [4, 3, 1]
    assert read(play, "calls", node="inventory") == 1
    assert read(play, "attempts") == 5  # with the one from the shoppers


def test_attempts_and_retries_are_of_one_link_and_its_window() -> None:
    play = recording().fault("slow", at=2, until=3)
    for at in (1.5, 2.5):
        play.call("order -> inventory", "s-1", at=at).retry("order -> inventory", "s-1", at=at, attempt=2)
        play.call("order -> payment", "s-1", at=at).retry("order -> payment", "s-1", at=at, attempt=2)
        play.call("web -> inventory", "s-1", at=at).retry("web -> inventory", "s-1", at=at, attempt=2)
    for name in ("attempts", "retries"):
        assert [read(play, name), read(play, name, link=LINK)] == [6, 2]
        assert read(play, name, link=LINK, window=Window("during", "slow")) == 1


def test_amplification_is_calls_that_arrived_per_request_of_the_caller() -> None:
    # Three requests at order; 4 + 1 + 1 calls arrive at inventory.
    play = order(order(order(recording(), "s-1", at=1, attempts=4), "s-2", at=2), "s-3", at=3)
    assert read(play, "amplification", link=LINK) == 2.0
    assert read(play, "amplification", link=EDGE) == 1.0


def test_without_a_link_it_is_the_most_amplified_one() -> None:
    assert read(order(recording(), "s-1", at=1, attempts=3), "amplification") == 3.0


def test_calls_that_were_lost_on_the_way_do_not_amplify() -> None:
    assert read(order(recording(), "s-1", at=1, attempts=4, lost=3), "amplification", link=LINK) == 1.0


def test_a_caller_that_spares_its_callee_amplifies_less_than_one() -> None:
    play = order(recording(), "s-1", at=1).request(at=2, took=0.1, name="s-2").call("shoppers -> order", "s-2", at=2, took=0.1)
    assert read(play, "amplification", link=LINK) == 0.5


def test_a_request_takes_its_late_retries_along_into_its_window() -> None:
    # Slow from 2 to 3; the request of 2.5 is still retried at 3.5.
    play = order(recording().fault("slow", at=2, until=3), "s-1", at=2.5, attempts=3, pause=0.5)
    assert read(play, "amplification", link=LINK, window=Window("during", "slow")) == 3.0
    assert read(play, "amplification", link=LINK, window=Window("after", "slow")) is None
    # Calls themselves belong to where they arrived: 2.5 in it, 3.0 and 3.5 after.
    assert read(play, "calls", link=LINK, window=Window("during", "slow")) == 1


def test_a_node_that_fetches_its_own_work_is_measured_by_what_it_called_for() -> None:
    play = (
        recording()
        .call("shipping -> carrier", "s-1", at=1, took=0.1)
        .call("shipping -> carrier", "s-1", at=2, took=0.1, attempt=2)
    )
    assert read(play, "amplification", link=Link("shipping", "carrier")) == 2.0


def test_no_calls_no_amplification() -> None:
    assert read(recording().request(at=1, took=0.1), "amplification") is None
    assert read(recording(), "peak") is None


def test_the_peak_is_the_most_that_arrived_within_any_one_second() -> None:
    play = recording()
    for at in (0.0, 0.5, 0.9, 1.0, 1.4, 3.0):
        play.call("order -> inventory", "s-1", at=at)
    # [0.5, 1.5) holds 0.5, 0.9, 1.0 and 1.4; a second that begins at 0.0 has ended at 1.0.
    assert read(play, "peak", link=LINK) == 4
    assert read(play, "peak", node="inventory") == 4
    assert read(play, "peak") == 4


def test_the_peak_of_a_node_is_over_all_its_callers_and_of_nothing_else() -> None:
    play = (
        recording()
        .call("order -> inventory", "s-1", at=1)
        .call("web -> inventory", "s-1", at=1)
        .call("order -> user", "s-1", at=1)
    )
    assert [read(play, "peak", node="inventory"), read(play, "peak", link=LINK), read(play, "peak")] == [2, 1, 1]


@given(st.lists(st.integers(0, 60)))
def test_the_peak_agrees_with_counting_every_second_there_is(tenths: list[int]) -> None:
    # Quarter seconds are exact in binary, so that the edges of the second are where they seem.
    times = [tenth / 4 for tenth in tenths]
    play = recording()
    for at in times:
        play.call("order -> inventory", "s-1", at=at)
    naive = max((sum(start <= at < start + 1 for at in times) for start in times), default=0)
    assert read(play, "peak", link=LINK) == naive


@pytest.mark.parametrize(("tries", "layers", "expected"), [(3, 1, 3), (3, 3, 27), (4, 3, 64)])
def test_layers_that_each_try_n_times_amplify_to_the_power_of_their_number(tries: int, layers: int, expected: int) -> None:
    # 4 tries in 3 layers: 64 on the last (Site Reliability Engineering, ch. 22).
    play = recording().request(at=0, took=1.0, name="s-1")
    calls = 1
    for layer in range(layers):
        calls *= tries
        for number in range(calls):
            play.call(f"n{layer} -> n{layer + 1}", "s-1", at=layer + number / 100, took=0.1, attempt=number % tries + 1)
    assert read(play, "amplification", link=Link(f"n{layers - 1}", f"n{layers}")) == expected
