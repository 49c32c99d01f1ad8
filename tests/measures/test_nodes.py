"""Inside a node: queue, workers, and the time a piece of work takes."""

from __future__ import annotations

import pytest

from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from tests.support.recordings import Play, recording


def read(play: Play, name: str, **scope: object) -> float | None:
    return MEASURES[name].read(play, Scope(**scope))  # type: ignore[arg-type]


def busy_shop() -> Play:
    play = recording().fault("slow", at=2, until=4)
    play.call("order -> inventory", "s-1", at=1, queue=0, busy=1).call("order -> inventory", "s-2", at=3, queue=7, busy=4)
    play.call("shoppers -> order", "s-1", at=1, queue=9, busy=16)
    play.answered("inventory", "s-1", at=1.1, worked=0.1).answered("inventory", "s-2", at=5, queued=1.0, worked=1.5)
    return play.refused("inventory", "s-3", at=3)


@pytest.mark.parametrize(
    ("name", "value"),
    # worked: (0.1 + 1.5) / 2; queued: (0 + 1) / 2
    [("queue", 7), ("busy", 4), ("queued", 0.5), ("worked", 0.8), ("turned_away", 1)],
)
def test_a_node_is_measured_by_what_arrived_and_what_it_answered(name: str, value: float) -> None:
    assert read(busy_shop(), name, node="inventory") == pytest.approx(value)


def test_without_a_node_it_is_of_all() -> None:
    assert [read(busy_shop(), name) for name in ("queue", "busy")] == [9, 16]


def test_work_belongs_to_the_window_in_which_it_began() -> None:
    # The second piece was begun at 3.5, within the fault, though it ended after.
    assert read(busy_shop(), "worked", node="inventory", window=Window("during", "slow")) == 1.5


def test_a_node_nothing_reached_has_no_data() -> None:
    assert [read(busy_shop(), name, node="bank") for name in ("queue", "busy", "queued", "worked")] == [None] * 4
    assert read(busy_shop(), "turned_away", node="bank") == 0
