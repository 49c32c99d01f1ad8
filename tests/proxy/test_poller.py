"""One contract for every way of waiting."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from chaoscli.proxy.poller import GONE, READABLE, WRITABLE, Poller, SelectorPoller, open_poller


@pytest.fixture(params=[open_poller, SelectorPoller])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    one: Poller = request.param()
    yield one
    one.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_it_tells_what_was_asked_for_as_long_as_it_is_so(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    fd = ours.fileno()
    poller.register(fd, READABLE)
    assert poller.poll(0.0, 10) == []
    theirs.send(b"x")
    assert poller.poll(0.0, 10) == poller.poll(0.0, 10) == [(fd, READABLE)]
    poller.modify(fd, READABLE | WRITABLE)
    assert poller.poll(0.0, 10) == [(fd, READABLE | WRITABLE)]
    poller.modify(fd, WRITABLE)
    assert poller.poll(0.0, 10) == [(fd, WRITABLE)]
    poller.unregister(fd)
    assert poller.poll(0.0, 10) == []


def test_nothing_wanted_is_nothing_told_until_it_is_wanted_again(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    fd = ours.fileno()
    theirs.send(b"x")
    poller.register(fd, 0)
    assert poller.poll(0.0, 10) == []
    poller.modify(fd, READABLE)
    assert poller.poll(0.0, 10) == [(fd, READABLE)]
    poller.modify(fd, 0)
    assert poller.poll(0.0, 10) == []
    poller.unregister(fd)


def test_a_peer_that_is_gone_makes_a_watched_socket_ready(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    poller.register(ours.fileno(), READABLE)
    theirs.close()
    ((fd, mask),) = poller.poll(0.0, 10)
    assert fd == ours.fileno()
    assert mask & READABLE
    assert not mask & ~(READABLE | GONE)


def test_it_hands_over_no_more_than_asked(poller: Poller) -> None:
    pairs = [socket.socketpair() for _ in range(5)]
    for ours, theirs in pairs:
        poller.register(ours.fileno(), READABLE)
        theirs.send(b"x")
    assert len(poller.poll(0.0, 3)) == 3
    assert len(poller.poll(0.0, 10)) == 5
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_one_poller_can_wait_for_another(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    inner, outer = SelectorPoller(), open_poller()
    inner.register(ours.fileno(), READABLE)
    outer.register(inner.fileno(), READABLE)
    assert outer.poll(0.0, 1) == []
    theirs.send(b"x")
    assert outer.poll(1.0, 1) == [(inner.fileno(), READABLE)]
    inner.close()
    outer.close()
