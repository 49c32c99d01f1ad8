"""A small language for tests of UDP links: clients, a callee, and a board between them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import trio

from chaoscli.events import Event, FaultMeasured, Noted
from chaoscli.faults.base import Direction
from chaoscli.proxy.board import Board
from chaoscli.proxy.faulted_link import LinkCounts
from tests.proxy.stage import LINK, PATIENCE_S, REQUEST

Datagrams = trio.socket.SocketType
# What the buffer of any socket takes at once, however small the datagrams are.
BURST = 50


@dataclass
class UdpStage:
    callee: Datagrams

    def __post_init__(self) -> None:
        self.events: list[Event] = []
        self.board = Board(seed=7, tell=self.events.append)
        self._sockets: list[Datagrams] = [self.callee]

    def link(self, name: str = LINK) -> tuple[str, int]:
        return self.link_to(self.callee.getsockname(), name)

    def link_to(self, upstream: tuple[str, int], name: str = LINK) -> tuple[str, int]:
        return self.board.add_link(name, upstream=upstream, udp=True)

    async def callee_returns(self, address: tuple[str, int]) -> None:
        """Somebody listens at ``address`` again."""
        self.callee = await callee_at(address)
        self._sockets.append(self.callee)

    async def client(self, address: tuple[str, int]) -> Datagrams:
        """One that sends to ``address`` and hears nobody else."""
        sock = trio.socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self._sockets.append(sock)
        await sock.connect(address)
        return sock

    def inject(self, name: str, fault: Any, *directions: Direction, share: float = 1.0) -> None:
        self.board.inject(name, [(LINK, direction) for direction in directions or (REQUEST,)], fault, share)

    def counts(self) -> LinkCounts:
        return self.board.counts()[LINK]

    def measured(self) -> FaultMeasured:
        """What the one fault that healed did."""
        (one,) = (event for event in self.events if isinstance(event, FaultMeasured))
        return one

    def warnings(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted) and event.level == "warning"]

    async def until(self, holds: Callable[[LinkCounts], bool]) -> None:
        with trio.fail_after(PATIENCE_S):
            while True:
                if holds(self.counts()):
                    return
                await trio.sleep(0.001)

    async def send(self, client: Datagrams, numbers: Sequence[int]) -> None:
        """Each number as a datagram, no faster than the link takes them in."""
        came = self.counts().datagrams_request
        for begin in range(0, len(numbers), BURST):
            for number in numbers[begin : begin + BURST]:
                await client.send(str(number).encode())
            wanted = came + min(begin + BURST, len(numbers))
            await self.until(lambda counts, wanted=wanted: counts.datagrams_request == wanted)  # type: ignore[misc]

    async def heard(self, client: Datagrams, count: int) -> list[int]:
        """What the callee gets of ``count`` numbers that are sent, in the order it gets them."""
        arrived: list[int] = []
        for begin in range(0, count, BURST):
            await self.send(client, range(begin, min(begin + BURST, count)))
            arrived += numbers_in(self.callee)
        return arrived

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()


async def callee_at(address: tuple[str, int]) -> Datagrams:
    sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)  # a heal may bring hundreds at once
    await sock.bind(address)
    return sock


def numbers_in(sock: Datagrams) -> list[int]:
    """What has arrived already: what a link passes on at once is there as soon as the link has it."""
    arrived = []
    while True:
        try:
            arrived.append(int(sock._sock.recv(65_535)))  # type: ignore[attr-defined]  # trio waits even for what is there
        except BlockingIOError:
            return arrived


async def hear(sock: Datagrams) -> bytes:
    with trio.fail_after(PATIENCE_S):
        return await sock.recv(65_535)


async def hear_from(sock: Datagrams) -> tuple[bytes, Any]:
    with trio.fail_after(PATIENCE_S):
        return await sock.recvfrom(65_535)


async def is_quiet(sock: Datagrams, for_s: float = 0.05) -> bool:
    """Nothing arrives for a while. Only ever asserted true: a slow machine cannot make datagrams arrive sooner."""
    with trio.move_on_after(for_s):
        await sock.recv(1)
        return False
    return True
