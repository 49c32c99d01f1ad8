"""Facts of the shop: effects that came twice, messages from the future, and anything by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import chaoscli
from chaoscli.measures.base import Scope, When, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.measures.facts import EFFECTS, FACTS
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


def test_a_duplicate_belongs_to_the_window_in_which_its_request_began() -> None:
    # Lossy from 2 to 4: the request of 3.9 is charged at 3.95 and, by its retry, at 4.3.
    play = recording().fault("lossy", at=2, until=4).request(at=3.9, took=0.5, name="s-1")
    play.happened("payment", "charged", "s-1", at=3.95).happened("payment", "charged", "s-1", at=4.3)
    assert read(play, "duplicates", window=Window("during", "lossy")) == 1
    assert read(play, "duplicates", window=Window("after", "lossy")) == 0


def test_one_request_may_reserve_two_products_and_be_worked_off_two_queues() -> None:
    play = recording().happened("inventory", "stock reserved", "s-1", at=1, product="BOOK")
    play.happened("inventory", "stock reserved", "s-1", at=1, product="PEN")
    play.happened("b", "worked off", "s-1", at=1, topic="to-b").happened("b", "worked off", "s-1", at=2, topic="back-to-b")
    assert read(play, "duplicates") == 0
    assert read(play.happened("b", "worked off", "s-1", at=3, topic="to-b"), "duplicates") == 1


def test_two_nodes_may_each_have_their_effect() -> None:
    play = recording().happened("b", "worked off", "s-1", at=1).happened("c", "worked off", "s-1", at=1)
    assert read(play, "duplicates") == 0


def test_anything_that_happened_is_counted_by_its_name_and_window() -> None:
    play = recording().fault("skew", at=2, until=4)
    play.happened("a", "write discarded", at=1).happened("a", "write discarded", at=3).happened("a", "write applied", at=3)
    assert read(play, "count", what="write discarded") == 2
    assert read(play, "count", what="write discarded", window=Window("during", "skew")) == 1
    assert read(play, "count", what="unheard of") == 0


def test_every_fact_the_services_tell_is_in_the_table() -> None:
    services = Path(chaoscli.__file__).parent / "services"
    told = {name for file in services.glob("*.py") for name in re.findall(r'happened\(\s*"([^"]+)"', file.read_text("utf-8"))}
    assert len(told) > 5
    assert told - FACTS.keys() == set()
    assert set(EFFECTS) <= FACTS.keys()


def test_a_message_from_the_future_left_later_than_it_came_by_the_two_clocks() -> None:
    # 100 ms under way; the receiver's clock 150 ms behind, 50 ms behind, 100 ms ahead.
    play = recording()
    for skew in (-0.15, -0.05, 0.1):
        play.call("a -> b", "s-1", at=1, arrives=0.1, skew=skew)
    play.call("a -> b", "s-2", at=1, arrives=0.0)  # the same instant on both clocks is no later
    assert read(play, "from_future") == 1
    assert [read(play, "from_future", node=node) for node in ("a", "b")] == [0, 1]
    assert [read(play, "from_future", link=Link(*ends)) for ends in (("a", "b"), ("b", "a"))] == [1, 0]


def test_a_message_is_under_way_as_long_as_the_two_clocks_say_even_less_than_nothing() -> None:
    # 100 ms under way; the receiver 150 ms behind, 150 ms behind, on time: -50, -50 and 100 ms, and -50 in the median.
    play = recording().fault("skew", at=0, until=2)
    for at, skew in ((0.5, -0.15), (1.0, -0.15), (3.0, 0.0)):
        play.call("a -> b", "s-1", at=at, arrives=0.1, skew=skew)
    assert read(play, "one_way") == pytest.approx(-0.05, abs=1e-6)
    assert read(play, "one_way", link=Link("a", "b"), window=Window("after", "skew")) == pytest.approx(0.1, abs=1e-6)
    assert read(play, "one_way", node="a") is None
    assert MEASURES["one_way"].show(-0.05) == "-50ms"


def test_a_lost_write_is_counted_on_the_node_that_lost_it() -> None:
    play = recording().fault("skew", at=2, until=4).happened("a", "newer write lost", "s-1", at=1)
    play.happened("b", "newer write lost", "s-2", at=3).happened("b", "write discarded", "s-3", at=3)
    assert [read(play, "lost_writes"), read(play, "lost_writes", node="b")] == [2, 1]
    assert read(play, "lost_writes", window=Window("after", "skew")) == 0


# -- when it was really done


def worked_off() -> Play:
    """Three orders, answered after 10 ms; two nodes work each off, the second of them slow while it is tired, from 2 to 4."""
    play = recording().fault("tired", at=2, until=4)
    for name, at, done in (("s-1", 1.0, 0.3), ("s-2", 2.0, 0.9), ("s-3", 3.0, 1.5)):
        play.request(at=at, took=0.01, name=name)
        play.happened("b", "worked off", name, at=at + 0.1).happened("e", "worked off", name, at=at + done)
    return play


def test_completion_is_when_the_last_was_done_long_after_the_answer() -> None:
    assert read(worked_off(), "completion", what="worked off") == pytest.approx(0.9)  # of 0.3, 0.9 and 1.5


def test_completion_belongs_to_the_window_in_which_the_request_began() -> None:
    def within(when: When) -> float | None:
        return read(worked_off(), "completion", what="worked off", window=Window(when, "tired"))

    # s-3 is done at 4.5, after the heal, and still one of those that came while it lasted.
    assert [within("before"), within("during"), within("after")] == [pytest.approx(0.3), pytest.approx(0.9), None]


def test_the_order_of_telling_does_not_matter_and_other_facts_are_none_of_its_business() -> None:
    play = recording().request(at=1, took=0.01, name="s-1").happened("e", "worked off", "s-1", at=3)
    play.happened("b", "worked off", "s-1", at=2).happened("b", "published", "s-1", at=9)
    assert read(play, "completion", what="worked off") == pytest.approx(2.0)
    assert read(play, "completion", what="charged") is None
