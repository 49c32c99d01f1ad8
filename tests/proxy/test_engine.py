from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from chaoscli.proxy import alarm, engine, poller
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.poller import READABLE
from tests.proxy.stage import PATIENCE_S


@pytest.fixture(params=["with the system's best", "without epoll and timerfd"])
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As on Linux, and as on a system that has neither."""
    if request.param == "without epoll and timerfd":
        monkeypatch.setattr(engine, "open_poller", poller.SelectorPoller)
        monkeypatch.setattr(engine, "open_alarm", lambda: None)
    return str(request.param)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@asynccontextmanager
async def running(one: Engine) -> AsyncIterator[None]:
    """Until the block ends; closed when it really does not run any more."""
    async with trio.open_nursery() as nursery:
        await nursery.start(one.run)
        yield
        nursery.cancel_scope.cancel()
    one.close()


async def test_timers_run_in_the_order_they_are_due_and_never_early(anywhere: str) -> None:
    one = Engine()
    ran: list[tuple[str, bool]] = []
    done = trio.Event()

    def note(due: tuple[str, float]) -> None:
        name, when = due
        ran.append((name, one.now() >= when))
        if len(ran) == 4:
            done.set()

    async with running(one):
        now = one.now()
        for name, after_s in (("third", 0.02), ("first", 0.005), ("second", 0.01), ("at once", -1.0)):
            one.at(now + after_s, note, (name, now + after_s))
        with trio.fail_after(PATIENCE_S):
            await done.wait()
    assert ran == [("at once", True), ("first", True), ("second", True), ("third", True)]


async def test_timers_of_one_instant_run_in_the_order_they_were_set(anywhere: str) -> None:
    one = Engine()
    ran: list[int] = []
    done = trio.Event()
    when = one.now() + 0.005
    for number in range(100):
        one.at(when, ran.append, number)
    one.at(when, lambda _: done.set(), None)
    async with running(one):
        with trio.fail_after(PATIENCE_S):
            await done.wait()
    assert ran == list(range(100))


@pytest.mark.parametrize(("linger_s", "poll_s"), [(0.0, 0.0), (0.005, 0.0), (0.0, 0.0005), (0.005, 0.0005)])
async def test_what_is_ready_is_called_however_the_engine_waits(
    anywhere: str, linger_s: float, poll_s: float, pair: tuple[socket.socket, socket.socket]
) -> None:
    one = Engine(linger_s=linger_s, poll_s=poll_s)
    ours, theirs = pair
    heard: list[bytes] = []
    got = trio.Event()

    def read(_mask: int) -> None:
        heard.append(ours.recv(100))
        got.set()

    one.watch(ours.fileno(), READABLE, read)
    async with running(one):
        for number in range(5):
            got = trio.Event()
            theirs.send(bytes([number]))
            with trio.fail_after(PATIENCE_S):
                await got.wait()
        one.forget(ours.fileno())
        theirs.send(b"unheard")
        await trio.testing.wait_all_tasks_blocked(0.02)
    assert heard == [b"\0", b"\1", b"\2", b"\3", b"\4"]


async def test_other_tasks_get_their_turns_while_bytes_never_end(pair: tuple[socket.socket, socket.socket]) -> None:
    one = Engine(linger_s=1.0)
    ours, theirs = pair
    theirs.send(b"never read, so ready for ever")
    calls = 0

    def ready(_mask: int) -> None:
        nonlocal calls
        calls += 1

    one.watch(ours.fileno(), READABLE, ready)
    async with running(one):
        with trio.fail_after(PATIENCE_S):
            for _ in range(20):
                await trio.lowlevel.checkpoint()
        assert calls
        one.forget(ours.fileno())


async def test_a_socket_closed_in_a_batch_is_not_mistaken_for_its_successor() -> None:
    one = Engine()
    first, first_peer = socket.socketpair()
    second, second_peer = socket.socketpair()
    called: list[str] = []
    done = trio.Event()
    pairs = {"first": (first, second), "second": (second, first)}

    def make(name: str) -> engine.Ready:
        def ready(_mask: int) -> None:
            called.append(name)
            for sock in pairs[name]:
                one.close_watched(sock, sock.fileno())
            # Were both closed by now, this would take the descriptor of one whose event is still to come.
            fresh, fresh_peer = socket.socketpair()
            one.watch(fresh.fileno(), READABLE, lambda _mask: called.append("stale"))
            one.at(one.now() + 0.001, lambda _: done.set(), None)
            spare.extend((fresh, fresh_peer))

        return ready

    spare: list[socket.socket] = []
    one.watch(first.fileno(), READABLE, make("first"))
    one.watch(second.fileno(), READABLE, make("second"))
    first_peer.send(b"1")
    second_peer.send(b"2")
    async with running(one):
        with trio.fail_after(PATIENCE_S):
            await done.wait()
    for sock in (first_peer, second_peer, *spare):
        sock.close()
    assert len(called) == 1
    assert first.fileno() == second.fileno() == -1


async def test_a_timer_that_is_near_when_a_busy_turn_ends_is_not_forgotten(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Engine()
    ours, theirs = pair
    due, done = one.now() + 0.01, trio.Event()

    def be_busy(_mask: int) -> None:
        """Until the alarm has rung early and the turn is over, and then never again."""
        if one.now() >= due - 0.0003:
            ours.recv(10)

    monkeypatch.setattr(engine, "LONGEST_TURN_S", 0.0)
    for _ in range(50):
        one._lead.woke(0.0005)
    one.at(due, lambda _: done.set(), None)
    one.watch(ours.fileno(), READABLE, be_busy)
    theirs.send(b"x")
    async with running(one):
        with trio.fail_after(PATIENCE_S):
            await done.wait()
        one.forget(ours.fileno())


async def test_an_error_of_our_own_ends_the_run_and_leaves_nothing_open(pair: tuple[socket.socket, socket.socket]) -> None:
    one = Engine()
    ours, theirs = pair
    spare, spare_peer = socket.socketpair()

    def fail(_mask: int) -> None:
        one.close_socket(spare)
        raise ZeroDivisionError

    one.watch(ours.fileno(), READABLE, fail)
    theirs.send(b"x")
    with trio.fail_after(PATIENCE_S), pytest.raises(ZeroDivisionError):
        await one.run()
    one.close()
    assert spare.fileno() == -1
    spare_peer.close()


def test_the_alarm_rings_once_and_not_before_it_is_set() -> None:
    ring = alarm.open_alarm()
    if ring is None:
        pytest.skip("no timerfd here")
    waiting = poller.open_poller()
    waiting.register(ring.fileno(), READABLE)
    assert waiting.poll(0.0, 1) == []
    for after_s in (-1.0, 0.0, 0.000_000_1, 0.001):
        ring.set(after_s)
        assert waiting.poll(PATIENCE_S, 1) == [(ring.fileno(), READABLE)]
        ring.acknowledge()
        ring.acknowledge()
        assert waiting.poll(0.0, 1) == []
    ring.set(3600.5)
    assert waiting.poll(0.0, 1) == []
    waiting.close()
    ring.close()
