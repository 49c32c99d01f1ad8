"""Bulk goes through the kernel's pipe; nothing that happens in the middle of it may lose or reorder a byte."""

from __future__ import annotations

import os

import pytest
import trio

from chaoscli.faults.latency import Latency
from chaoscli.faults.silence import Silence
from chaoscli.proxy import pipes
from chaoscli.proxy.pipes import Pipes
from tests.proxy.stage import LINK, PATIENCE_S, REPLY, REQUEST, Stage, is_reset, read, read_to_end, reset

# Every four bytes say where they belong, so that a single one out of place shows.
DATA = b"".join(number.to_bytes(4, "big") for number in range(2_000_000))

needs_splice = pytest.mark.skipif(not pipes.AVAILABLE, reason="no splice here")


@pytest.fixture(params=["with pipes", "without pipes"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without pipes":
        monkeypatch.setattr(pipes, "AVAILABLE", False)


@pytest.mark.usefixtures("either_way")
async def test_bulk_arrives_complete_and_in_order(stage: Stage) -> None:
    caller, callee = await stage.connected()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_say, caller, DATA)
        assert await read_to_end(callee) == DATA


@pytest.mark.usefixtures("either_way")
async def test_a_fault_may_come_and_go_in_the_middle_of_bulk(stage: Stage) -> None:
    caller, callee = await stage.connected()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_say, caller, DATA)
        heard = await read(callee, 2_000_000)
        stage.inject("lag", Latency(delay=0.01), REQUEST)
        heard += await read(callee, 2_000_000)
        stage.board.heal("lag")
        heard += await read_to_end(callee)
    assert heard == DATA


@pytest.mark.usefixtures("either_way")
async def test_bulk_then_single_messages_then_bulk_again(stage: Stage) -> None:
    caller, callee = await stage.connected()
    for _ in range(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caller.send_all, DATA)
            assert await read(callee, len(DATA)) == DATA
        for number in range(40):
            await caller.send_all(bytes([number]))
            assert await read(callee, 1) == bytes([number])


@needs_splice
async def test_a_broken_bulk_gives_its_pipe_up(stage: Stage) -> None:
    before = _descriptors()
    address = stage.link()
    for _ in range(5):
        caller = await stage.call(address)
        callee = await stage.accept()
        with trio.move_on_after(0.2):  # nobody reads: the pipe fills
            await caller.send_all(DATA)
        reset(callee)
        assert await is_reset(caller)
        await caller.aclose()
    await stage.until_counted(open_=0)
    stage.board.remove_link(LINK)
    assert _descriptors() <= before


@pytest.mark.usefixtures("either_way")
async def test_an_upload_goes_on_into_nothing_when_its_callee_broke_behind_a_fault(stage: Stage) -> None:
    """The reset waits behind the fault on the reply, and the caller, who knows nothing of it yet, must not be held up."""
    before = _descriptors()
    caller, callee = await stage.connected()
    stage.inject("mute", Silence(), REPLY)
    await caller.send_all(b"begin")
    assert await read(callee, 5) == b"begin"
    reset(callee)
    with trio.fail_after(PATIENCE_S):
        for _ in range(10):
            await caller.send_all(DATA)
    await caller.aclose()
    with trio.fail_after(PATIENCE_S):
        while stage.board.counts()[LINK].bytes_request < 10 * len(DATA) + 5:  # noqa: ASYNC110  # nobody tells of a byte
            await trio.sleep(0.01)
    stage.board.heal("mute")
    await stage.until_counted(open_=0)
    stage.board.remove_link(LINK)
    assert _descriptors() <= before


@needs_splice
def test_pipes_are_kept_when_empty_and_closed_when_not() -> None:
    store = Pipes()
    first = store.borrow()
    assert first is not None
    store.give_back(first)
    assert store.borrow() is first
    first.held = 1
    store.give_back(first)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(first.receiver)
    second = store.borrow()
    assert second is not None
    assert second is not first
    store.give_back(second)
    store.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(second.receiver)


async def _say(stream: trio.SocketStream, data: bytes) -> None:
    await stream.send_all(data)
    await stream.send_eof()


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
