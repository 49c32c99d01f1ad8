"""Many connections at once, and many one after the other: everyone is served, and nothing is kept."""

from __future__ import annotations

import gc
import os
import resource
import socket
import sys

import pytest
import trio

from chaoscli.faults.latency import Latency
from tests.proxy.stage import BOTH, LINK, PATIENCE_S, Stage, read

AT_ONCE = 100


@pytest.fixture
def many_descriptors() -> None:
    """Four for each connection: both ends of it, on both sides of the proxy."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 4 * 2_500 + 200
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"the system allows {hard} descriptors, and this takes {needed}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))


@pytest.mark.usefixtures("many_descriptors")
async def test_two_thousand_idle_and_five_hundred_busy_connections_at_once(stage: Stage) -> None:
    address = stage.link()
    idle = await _connect(stage, address, 2_000)
    busy = await _connect(stage, address, 500)
    assert stage.board.counts()[LINK].open == 2_500

    async def converse(pair: tuple[socket.socket, socket.socket]) -> None:
        caller, callee = (trio.SocketStream(trio.socket.from_stdlib_socket(sock)) for sock in pair)
        for number in range(10):
            await caller.send_all(b"ask %d" % number)
            assert await read(callee, 5) == b"ask %d" % number
            await callee.send_all(b"answer %d" % number)
            assert await read(caller, 8) == b"answer %d" % number

    async with trio.open_nursery() as nursery:
        for pair in busy:
            nursery.start_soon(converse, pair)
    for caller, callee in idle[::100]:  # those that were idle all the time are served as well
        caller.setblocking(True)
        await converse((caller, callee))
    for pair in idle + busy:
        for sock in pair:
            sock.close()
    await stage.until_counted(open_=0)


@pytest.mark.parametrize("harmed", [False, True])
async def test_ten_thousand_connections_leave_nothing_behind(stage: Stage, harmed: bool) -> None:
    address = stage.link()
    if harmed:
        stage.inject("lag", Latency(delay=0.0), *BOTH)
    await _open_and_close(stage, address, 500)  # what is allocated once is there after these
    before = _kept()
    await _open_and_close(stage, address, 2_500 if harmed else 10_000)
    after = _kept()
    assert after["descriptors"] == before["descriptors"]
    assert after["tasks"] == before["tasks"]
    # A connection is made of some twenty blocks of memory; keeping one of them each would show as ten thousand.
    assert after["blocks"] - before["blocks"] < 500


async def _open_and_close(stage: Stage, address: tuple[str, int], count: int) -> None:
    for _ in range(count // AT_ONCE):
        for caller, callee in await _connect(stage, address, AT_ONCE):
            caller.close()
            callee.close()
        await stage.until_counted(open_=0)


async def _connect(stage: Stage, address: tuple[str, int], count: int) -> list[tuple[socket.socket, socket.socket]]:
    """So many connections through the proxy, as pairs of caller and callee."""
    pairs = []
    for _ in range(count // AT_ONCE):
        callers = []
        for _ in range(AT_ONCE):  # the listener's backlog takes them all, so connecting does not wait
            callers.append(socket.create_connection(address, timeout=PATIENCE_S))
            callers[-1].send(b"%5d" % callers[-1].getsockname()[1])
        by_port = {caller.getsockname()[1]: caller for caller in callers}
        for _ in callers:
            with trio.fail_after(PATIENCE_S):
                stream = await stage.callee.accept()
                port = int(await read(stream, 5))
            callee = socket.socket(fileno=os.dup(stream.socket.fileno()))
            stream.socket.close()
            pairs.append((by_port[port], callee))
    for pair in pairs:
        for sock in pair:
            sock.setblocking(False)
    return pairs


def _kept() -> dict[str, int]:
    gc.collect()
    return {
        "descriptors": len(os.listdir("/dev/fd")),
        "tasks": trio.lowlevel.current_statistics().tasks_living,
        "blocks": sys.getallocatedblocks(),
    }
