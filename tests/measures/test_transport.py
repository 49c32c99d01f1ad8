"""What a link carried: its last totals, and what they would cost."""

from __future__ import annotations

import pytest

from chaoscli.events import LinkCounted
from chaoscli.measures.base import Scope
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link
from tests.support.recordings import Play, recording

ORDER, STOCK = Link("shoppers", "order"), Link("order", "inventory")


def counted(play: Play, link: Link, *, at: float, connections: int, request: int, reply: int) -> Play:
    one = LinkCounted(at=at, link=str(link), connections=connections, open=1, bytes_request=request, bytes_reply=reply)
    return play.tell(one)


def a_play() -> Play:
    play = recording().curtain(2).request(at=1, took=0.1).request(at=1, took=0.1)
    for at, factor in ((1, 1), (2, 2)):
        counted(play, ORDER, at=at, connections=factor, request=100 * factor, reply=900 * factor)
        counted(play, STOCK, at=at, connections=10 * factor, request=factor, reply=factor)
    return play


def read(play: Play, name: str, link: Link | None = None) -> float | None:
    return MEASURES[name].read(play, Scope(link=link))


def test_the_last_totals_count_of_one_link_or_of_all() -> None:
    play = a_play()
    assert [read(play, "connections", link) for link in (ORDER, STOCK, None)] == [2, 20, 22]
    assert [read(play, "bytes", link) for link in (ORDER, STOCK, None)] == [2000, 4, 2004]


def test_the_cost_is_that_of_bytes_and_connections_for_a_million_requests() -> None:
    # Two requests, 2,000 bytes at 2.8 cents a gigabyte, 2 connections at 0.8 cents for 90,000 of them.
    expected = (2000 * 0.028e-9 + 2 * 0.008 / 90_000) / 2 * 1e6
    assert read(a_play(), "cost", ORDER) == pytest.approx(expected)
    assert MEASURES["cost"].show(expected) == "$0.12"


def test_a_link_that_was_never_counted_has_no_data() -> None:
    assert read(a_play(), "bytes", Link("order", "payment")) is None
