"""Facts of the shop: effects that came twice, messages from the future, and anything by its name."""

from __future__ import annotations

from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link
from tests.support.recordings import Play, recording


def read(play: Play, name: str, **scope: object) -> float | None:
    return MEASURES[name].read(play, Scope(**scope))  # type: ignore[arg-type]


def test_an_effect_that_a_request_has_again_is_a_duplicate() -> None:
    play = recording()
    for request, times in (("s-1", 1), ("s-2", 2), ("s-3", 3)):
        for _ in range(times):
            play.happened("payment", "charged", request, at=1, amount=10)
    assert read(play, "duplicates") == 3  # one of s-2, two of s-3


def test_a_message_delivered_twice_is_no_duplicate_effect_unless_asked() -> None:
    play = recording().happened("broker", "delivered", "s-1", at=1).happened("broker", "delivered", "s-1", at=2)
    assert read(play, "duplicates") == 0
    assert read(play, "duplicates", what="delivered") == 1


def test_two_nodes_may_each_have_their_effect() -> None:
    play = recording().happened("b", "worked", "s-1", at=1).happened("c", "worked", "s-1", at=1).happened("b", "stocked", at=0)
    assert read(play, "duplicates") == 0


def test_anything_that_happened_is_counted_by_its_name_and_window() -> None:
    play = recording().fault("skew", at=2, until=4)
    play.happened("a", "write discarded", at=1).happened("a", "write discarded", at=3).happened("a", "write applied", at=3)
    assert read(play, "count", what="write discarded") == 2
    assert read(play, "count", what="write discarded", window=Window("during", "skew")) == 1
    assert read(play, "count", what="unheard of") == 0


def test_a_message_from_the_future_left_later_than_it_came_by_the_two_clocks() -> None:
    # 100 ms under way; the receiver's clock 150 ms behind, 50 ms behind, 100 ms ahead.
    play = recording()
    for skew in (-0.15, -0.05, 0.1):
        play.call("a -> b", "s-1", at=1, arrives=0.1, skew=skew)
    assert read(play, "from_future") == 1
    assert [read(play, "from_future", node=node) for node in ("a", "b")] == [0, 1]
    assert [read(play, "from_future", link=Link(*ends)) for ends in (("a", "b"), ("b", "a"))] == [1, 0]
