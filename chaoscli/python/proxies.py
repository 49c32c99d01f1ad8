"""``chaoscli.proxy_to``: a proxy before a service of your own that is running already, with faults as blocks.

    with chaoscli.proxy_to("127.0.0.1:5432") as database:
        connect(port=database.port)
        with database.fault("latency 50ms"):
            ...

It runs in a thread of this process (under trio: in its loop), exact to the few milliseconds for which other threads may hold
the interpreter; for finer work ``chaos proxy`` is a process of its own.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from chaoscli.control.addresses import AddressError, join, look_up, resolve_listen, split
from chaoscli.control.fault_text import LinkFault, link_kinds, parse_fault
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.events import Event
from chaoscli.faults.base import ByteFault, Direction, MessageFault
from chaoscli.faults.datagrams.base import DatagramFault
from chaoscli.proxy.board import Board
from chaoscli.proxy.faulted_link import LinkCounts
from chaoscli.python.faces import Block, BlockingBlock, BlockingFace, Doors, Face
from chaoscli.python.portal import Portal

LINK = "proxy"
LinkHarm = ByteFault | MessageFault | DatagramFault


def proxy_to(
    upstream: str, *, listen: str = "127.0.0.1:0", http: bool = False, udp: bool = False, seed: int = 1,
    portal: Portal | None = None,
) -> Doors[Proxy, BlockingProxy]:  # fmt: skip
    """A proxy to ``host:port``, for as long as a block lasts (``with``, or ``async with`` in trio and asyncio).

    ``http``: whole requests and replies can be harmed (``drop reply 30%``, ``error 503``), not only bytes. ``udp`` carries
    datagrams. UsageError for what is no address, NotMadeError where it cannot listen.
    """
    wanted = _Wanted(upstream=upstream, listen=listen, http=http, udp=udp, seed=seed)
    return Doors(lambda _: _open(wanted), Proxy, BlockingProxy, portal)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    upstream: str
    listen: str
    http: bool
    udp: bool
    seed: int


@dataclass(slots=True, kw_only=True)
class ProxyGround:
    """One link of a board of its own."""

    board: Board
    address: tuple[str, int]
    wanted: _Wanted
    told: list[Event]
    on: set[str] = field(default_factory=set)

    async def inject(self, said: str | LinkHarm, name: str, direction: str) -> str:
        asked = parse_fault(said, "fault", udp=self.wanted.udp) if isinstance(said, str) else _settings(said, self.wanted.udp)
        if asked.duration_s is not None:
            raise UsageError(f"'{said}': it lasts as long as the block it stands in", hint="leave out `for`")
        if isinstance(asked.fault, MessageFault) and not self.wanted.http:
            raise UsageError(f"'{asked.kind}' harms HTTP messages", hint=f"proxy_to('{self.wanted.upstream}', http=True)")
        chosen = next(one for one in _names(name or asked.kind) if one not in self.on)
        directions = {"": asked.directions, "both": tuple(Direction)}.get(direction) or (Direction(direction),)
        self.board.inject(chosen, [(LINK, one) for one in directions], asked.fault, asked.share)
        self.on.add(chosen)
        return chosen

    async def heal(self, name: str) -> None:
        self.on.discard(name)
        self.board.heal(name)

    async def counts(self) -> LinkCounts:
        return self.board.counts_of(LINK)


class _Where:
    """Where a proxy listens."""

    _ground: ProxyGround

    @property
    def host(self) -> str:
        return self._ground.address[0]

    @property
    def port(self) -> int:
        return self._ground.address[1]

    @property
    def address(self) -> str:
        """``host:port``, to connect to in place of the service."""
        return join(self._ground.address)

    @property
    def events(self) -> list[Event]:
        """What happened: faults that touched a request, and what each did when it healed, by the host's monotonic clock."""
        return self._ground.told


class Proxy(Face[ProxyGround], _Where):
    """The face of ``async with chaoscli.proxy_to(...)``."""

    def fault(self, fault: str | LinkHarm, *, name: str = "", direction: str = "") -> Block:
        """Harm what passes for as long as the block lasts: ``async with proxy.fault("latency 50ms jitter 5ms"):``."""
        return self._block(self._ground.inject, self._ground.heal, fault, name, direction)

    async def counts(self) -> LinkCounts:
        """Connections, bytes and requests so far."""
        return await self._run(self._ground.counts)


class BlockingProxy(BlockingFace[ProxyGround], _Where):
    """The face of ``with chaoscli.proxy_to(...)``."""

    def fault(self, fault: str | LinkHarm, *, name: str = "", direction: str = "") -> BlockingBlock:
        """Harm what passes for as long as the block lasts: ``with proxy.fault("latency 50ms jitter 5ms"):``."""
        return self._block(self._ground.inject, self._ground.heal, fault, name, direction)

    def counts(self) -> LinkCounts:
        return self._run(self._ground.counts)


@asynccontextmanager
async def _open(wanted: _Wanted) -> AsyncIterator[ProxyGround]:
    try:
        host, port = split(wanted.upstream)
        upstream = await look_up(host or "localhost"), port
        listen = await resolve_listen(wanted.listen)
    except AddressError as error:
        raise UsageError(f"'{wanted.upstream}' cannot be reached: {error}", hint="write it like 127.0.0.1:5432") from None
    told: list[Event] = []
    board = Board(seed=wanted.seed, tell=told.append, now=time.monotonic)
    async with trio.open_nursery() as nursery:
        await nursery.start(board.run)
        try:
            address = board.add_link(LINK, listen=listen, upstream=upstream, http=wanted.http, udp=wanted.udp)
        except OSError as error:
            raise NotMadeError(f"cannot listen on {wanted.listen}: {(error.strerror or str(error)).lower()}") from None
        yield ProxyGround(board=board, address=address, wanted=wanted, told=told)
        nursery.cancel_scope.cancel()


def _settings(fault: Any, udp: bool) -> LinkFault:
    row = link_kinds(udp=udp).get(getattr(fault, "kind", ""))
    if row is None or not isinstance(fault, row.settings):
        raise UsageError(f"{fault!r} is no fault that this link can have", hint="`chaos explain faults` lists them")
    return LinkFault(kind=row.kind, fault=fault, given={}, directions=row.directions or (Direction.REQUEST,))


def _names(wanted: str) -> itertools.chain[str]:
    return itertools.chain([wanted], (f"{wanted}-{number}" for number in itertools.count(2)))
