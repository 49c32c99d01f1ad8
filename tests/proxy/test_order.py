"""Faults come, change and go in a tight loop while a caller writes: every byte arrives, in order."""

from __future__ import annotations

import os

import pytest
import trio

from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import ByteFault
from chaoscli.faults.half_open import HalfOpen
from chaoscli.faults.hang import Hang
from chaoscli.faults.latency import Latency
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.loss import Loss
from chaoscli.faults.silence import Silence
from chaoscli.faults.slicer import Slicer
from chaoscli.faults.slow_close import SlowClose
from tests.proxy.stage import BOTH, REQUEST, Stage, read_to_end

WRITES = 65_535
DATA = b"".join(number.to_bytes(2, "big") for number in range(WRITES))

# Each fault that loses nothing, and the settings it changes to.
HARMLESS: dict[str, tuple[ByteFault, ByteFault]] = {
    "latency": (Latency(delay=0.001, jitter=0.001), Latency(delay=0.0)),
    "bandwidth": (Bandwidth(rate=50_000.0), Bandwidth(rate=0.0)),
    "shared bandwidth": (Bandwidth(rate=50_000.0, per="link"), Bandwidth(rate=1e6, per="link")),
    "slicer": (Slicer(average_size=1.0, delay=0.0001), Slicer(average_size=7.0)),
    "limit": (LimitData(bytes=1e9), LimitData(bytes=1e8)),
    "loss": (Loss(rate=0.3), Loss(rate=0.01)),
    "silence": (Silence(), Silence()),
    "slow close": (SlowClose(delay=0.01), SlowClose(delay=0.02)),
    "half open": (HalfOpen(), HalfOpen()),
    "hang": (Hang(), Hang()),
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_one_fault_added_updated_and_removed_in_a_tight_loop(stage: Stage, name: str) -> None:
    await _write_under(stage, {name: HARMLESS[name]}, 8_000)


async def test_all_faults_added_updated_and_removed_in_a_tight_loop(stage: Stage) -> None:
    """The whole of it: 65,535 writes of two bytes."""
    await _write_under(stage, HARMLESS, WRITES)


async def _write_under(stage: Stage, faults: dict[str, tuple[ByteFault, ByteFault]], writes: int) -> None:
    caller, callee = await stage.connected()
    written = trio.Event()
    rounds = 0

    async def write() -> None:
        for number in range(writes):
            await _send_one(caller, DATA[2 * number : 2 * number + 2])
            if number % 8 == 0:
                await trio.lowlevel.checkpoint()
        await caller.send_eof()
        written.set()

    async def meddle() -> None:
        nonlocal rounds
        while not written.is_set():
            for name, (first, then) in faults.items():
                stage.inject(name, first, *BOTH)
                await trio.lowlevel.checkpoint()
                stage.board.update(name, then)
            await trio.lowlevel.checkpoint()
            for name in faults:
                stage.board.heal(name)
            rounds += 1
            await trio.lowlevel.checkpoint()

    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            nursery.start_soon(meddle)
            heard = b"".join([data async for data in callee])
    assert heard == DATA[: 2 * writes]
    assert rounds > 10
    assert sum(event.met for event in stage.measured) > rounds


async def _send_one(stream: trio.SocketStream, two_bytes: bytes) -> None:
    """One system call, and no turn of the loop unless the socket is full."""
    fd = stream.socket.fileno()
    while True:
        try:
            assert os.write(fd, two_bytes) == 2
        except BlockingIOError:
            await trio.lowlevel.wait_writable(fd)
        else:
            return


async def test_what_two_faults_hold_at_the_end_still_comes_out_in_order(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("lag", Latency(delay=0.05, jitter=0.05), REQUEST)
    stage.inject("slices", Slicer(average_size=1.0), REQUEST)
    for number in range(200):
        await caller.send_all(number.to_bytes(2, "big"))
    await caller.send_eof()
    assert await read_to_end(callee) == b"".join(number.to_bytes(2, "big") for number in range(200))
