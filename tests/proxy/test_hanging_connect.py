"""While a link hangs, connect() does not return; who is through stays through, and after the heal nothing of it is left."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import sys
import time

import pytest
import trio

from chaoscli.events import Noted
from chaoscli.faults.hang import Hang
from chaoscli.faults.refuse import Refuse
from chaoscli.proxy import full_queue
from tests.proxy.stage import LINK, PATIENCE_S, REQUEST, Stage, hears_nothing, is_reset, read

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a caller waiting for a full queue")
# Through a proxy that accepts, connecting takes a tenth of a millisecond; the kernel knocks again after a second.
LONG_S = 0.3


class Knocking:
    """A connect under way that nobody waits for."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.sock.setblocking(False)
        self.sock.connect_ex(address)

    def close(self) -> None:
        """Without a word."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def is_through(self, within_s: float = 0.0) -> bool:
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        return bool(poll.poll(within_s * 1000.0))


@linux_only
async def test_a_connect_with_a_timeout_runs_into_it(stage: Stage) -> None:
    address = stage.link()
    stage.inject("hang", Hang(), REQUEST)

    def connect() -> float:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=LONG_S)
        return time.monotonic() - began

    assert await trio.to_thread.run_sync(connect) >= LONG_S
    assert stage.board.counts()[LINK].connections == 0


@linux_only
async def test_a_hundred_callers_hang_and_get_through_after_the_heal(stage: Stage) -> None:
    address = stage.link()
    stage.inject("hang", Hang(), REQUEST)
    callers = [Knocking(address) for _ in range(100)]
    await trio.sleep(LONG_S)
    assert not any(caller.is_through() for caller in callers)
    stage.board.heal("hang")
    await stage.until_counted(connections=100)  # a second after they first knocked, their kernel does again
    for caller in callers:
        assert caller.is_through()
        caller.close()
    await stage.until_counted(open_=0)


@linux_only
async def test_open_connections_stay_and_the_first_caller_after_the_heal_is_served(stage: Stage) -> None:
    address = stage.link()
    caller, callee = await stage.call(address), await stage.accept()
    stage.inject("hang", Hang(), REQUEST)
    await caller.send_all(b"still here")
    assert await read(callee, 10) == b"still here"
    await callee.send_all(b"so am I")
    assert await read(caller, 7) == b"so am I"
    stage.board.heal("hang")
    second = await stage.call(address)
    await second.send_all(b"hello")
    assert await read(await stage.accept(), 5) == b"hello"
    assert stage.board.counts()[LINK].connections == 2


@linux_only
async def test_hanging_again_and_again_leaves_nothing_behind(stage: Stage) -> None:
    stage.link()
    stage.inject("hang", Hang(), REQUEST)
    stage.board.heal("hang")
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(200):
        stage.inject("hang", Hang(), REQUEST)
        stage.board.heal("hang")
    assert sorted(os.listdir("/proc/self/fd")) == before
    await trio.testing.wait_all_tasks_blocked(0.01)
    counts = stage.board.counts()[LINK]
    assert (counts.connections, counts.open) == (0, 0)


@linux_only
async def test_a_caller_that_got_in_just_before_is_put_through_after_the_heal(stage: Stage) -> None:
    address = stage.link()
    early = Knocking(address)  # the kernel lets it in; the engine has not looked yet
    assert early.is_through(PATIENCE_S)
    stage.inject("hang", Hang(), REQUEST)
    late = Knocking(address)
    await stage.until_counted(connections=1)
    stage.board.heal("hang")
    assert stage.board.counts()[LINK].connections == 1
    await stage.accept()
    early.close()
    late.close()


@linux_only
async def test_a_refusal_goes_before_a_hang_and_the_hang_goes_on_after_it(stage: Stage) -> None:
    address = stage.link()
    stage.inject("hang", Hang(), REQUEST)
    stage.inject("gone", Refuse(), REQUEST)
    with pytest.raises(OSError, match="all attempts"):
        await stage.call(address)
    stage.board.heal("gone")
    caller = Knocking(address)
    assert not caller.is_through(LONG_S)
    caller.close()
    stage.board.heal("hang")
    assert await stage.call(address)


@linux_only
async def test_of_two_hangs_the_last_to_heal_lets_in(stage: Stage) -> None:
    address = stage.link()
    stage.inject("first", Hang(), REQUEST)
    stage.inject("second", Hang(), REQUEST)
    stage.board.heal("first")
    caller = Knocking(address)
    assert not caller.is_through(LONG_S)
    caller.close()
    stage.board.heal("second")
    assert await stage.call(address)


@linux_only
@pytest.mark.parametrize("host", ["0.0.0.0", "::1", "::"])
async def test_every_way_of_listening_can_hang(stage: Stage, host: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    _, port = stage.board.add_link(LINK, listen=(host, 0), upstream=stage.callee_address, http=False)[:2]
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    stage.inject("hang", Hang(), REQUEST)
    caller = Knocking((near, port))
    assert not caller.is_through(LONG_S)
    caller.close()
    stage.board.heal("hang")
    assert await stage.call((near, port))


@linux_only
async def test_a_link_that_is_removed_while_it_hangs_leaves_nothing(stage: Stage) -> None:
    before = len(os.listdir("/proc/self/fd"))
    address = stage.link()
    stage.inject("hang", Hang(), REQUEST)
    stage.board.remove_link(LINK)
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(OSError, match="all attempts"):
        await stage.call(address)


async def test_a_share_of_the_connections_is_accepted_and_kept_from_the_callee(stage: Stage) -> None:
    address = stage.link()
    stage.inject("hang", Hang(), REQUEST, share=0.99999)
    caller = await stage.call(address)
    await caller.send_all(b"anybody?")
    await stage.until_counted(request=8)
    stage.board.heal("hang")
    assert await read(await stage.accept(), 8) == b"anybody?"


async def test_where_connects_cannot_hang_it_says_so_and_keeps_callers_from_the_callee(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_queue.sys, "platform", "darwin")  # type: ignore[attr-defined]
    address = stage.link()
    stage.inject("hang", Hang(), REQUEST)
    caller = await stage.call(address)
    await caller.send_all(b"anybody?")
    assert await hears_nothing(caller)
    (said,) = (event for event in stage.events if isinstance(event, Noted))
    assert (said.source, said.level) == (LINK, "warning")
    assert said.text == (
        "connects are accepted and then hear nothing, as they cannot be made to hang: "
        "only Linux keeps a caller waiting for a full queue"
    )
    stage.board.heal("hang")
    assert await read(await stage.accept(), 8) == b"anybody?"


@linux_only
async def test_a_hang_without_a_descriptor_for_it_says_so_and_the_next_one_hangs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = stage.link()
    with monkeypatch.context() as none_left:
        none_left.setattr(full_queue, "connecting", _no_descriptor)
        stage.inject("hang", Hang(), REQUEST)
    (said,) = (event for event in stage.events if isinstance(event, Noted))
    assert said.text.endswith("as they cannot be made to hang: too many open files")
    early = Knocking(address)
    assert early.is_through(PATIENCE_S)
    early.close()
    stage.board.heal("hang")
    stage.inject("hang", Hang(), REQUEST)
    late = Knocking(address)
    assert not late.is_through(LONG_S)
    late.close()


def _no_descriptor(_address: tuple[str, int]) -> None:
    raise OSError(errno.EMFILE, "too many open files")


@linux_only
async def test_a_refusal_on_top_of_a_hang_resets_who_is_through(stage: Stage) -> None:
    caller, _callee = await stage.connected()
    stage.inject("hang", Hang(), REQUEST)
    stage.inject("gone", Refuse(), REQUEST)
    assert await is_reset(caller)
