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


def test_uptime_is_that_of_all_replicas_while_they_were_ready() -> None:
    play = recording().node("shop-1", "ready", at=-0.1).node("shop-2", "ready", at=-0.1).curtain(10).fault("cut", at=2, until=4)
    play.node("shop-1", "killed", at=3).node("shop-1", "starting", at=4).node("shop-1", "ready", at=5)
    play.node("shop-2", "stopped", at=8).node("shopping-1", "ready", at=1).fell(11)
    # 3 + 5 and 8; of the two seconds of the cut, one and two.
    assert read(play, "uptime", node="shop") == 16.0
    assert read(play, "uptime", node="shop-2") == 8.0
    assert read(play, "uptime", node="shop", window=Window("during", "cut")) == 3.0
    assert read(play, "uptime", node="nobody") is None


def test_the_name_of_a_service_means_all_its_replicas() -> None:
    play = recording().curtain(10).call("edge -> shop-1", "v-1", at=1, queue=3, busy=1)
    play.call("edge -> shop-2", "v-2", at=2, queue=0, busy=2).refused("shop-2", "v-3", at=3).fell(11)
    assert [read(play, name, node="shop") for name in ("queue", "busy", "turned_away")] == [3, 2, 1]
    assert [read(play, name, node="shop-1") for name in ("queue", "busy", "turned_away")] == [3, 1, 0]
