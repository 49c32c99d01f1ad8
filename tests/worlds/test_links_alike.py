"""One table of faults, two kinds of links: what a caller and a callee see is the same over sockets and in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from chaoscli.events import Event, FaultTouched
from chaoscli.faults.abort import Abort
from chaoscli.faults.bad_chunk import BadChunk
from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import ByteFault, Direction, MessageFault
from chaoscli.faults.blackhole import Blackhole
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.drip import Drip
from chaoscli.faults.drop import Drop
from chaoscli.faults.duplicate import Duplicate
from chaoscli.faults.eavesdrop import Eavesdrop
from chaoscli.faults.error import Error
from chaoscli.faults.half_open import HalfOpen
from chaoscli.faults.hang import Hang
from chaoscli.faults.late import Late
from chaoscli.faults.latency import Latency
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.loss import Loss
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.reset_peer import ResetPeer
from chaoscli.faults.silence import Silence
from chaoscli.faults.slicer import Slicer
from chaoscli.faults.slow_close import SlowClose
from chaoscli.faults.tamper import Tamper
from chaoscli.faults.timeout import Timeout
from chaoscli.faults.truncate import Truncate
from chaoscli.faults.wrong_length import WrongLength
from chaoscli.messages import REQUEST_ID, CallError, Request, Response
from chaoscli.net.base import Transport
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.http_server import HttpServer
from chaoscli.net.memory import CalleePeer
from chaoscli.net.tcp import address_of, listen
from chaoscli.proxy.board import Board
from chaoscli.proxy.links import Links
from chaoscli.topology import NodeSpec, Topology
from chaoscli.worlds.clock import Gate, Kernel, simulate
from chaoscli.worlds.simulated import NEAR
from chaoscli.worlds.wire import MemoryLinks, MemoryTransport

SEED = 3
LINK = "order -> inventory"
BODY = b'{"productId":"BOOK-001","available":true,"currentStock":100}'
# Long enough that whatever comes has come, on a busy machine too.
PATIENCE_S = 1.0
BOTH = (Direction.REQUEST, Direction.REPLY)
REPLY = (Direction.REPLY,)


@dataclass
class Seen:
    """What became of one fault: each caller's ending, what the callee was asked, what the link told."""

    endings: list[str] = field(default_factory=list)
    handled: list[str] = field(default_factory=list)
    touched: list[tuple[str, str]] = field(default_factory=list)

    async def handle(self, request: Request) -> Response:
        self.handled.append(request.header(REQUEST_ID))
        return Response(status=200, headers=(("content-type", "application/json"),), body=BODY)

    def tell(self, event: Event) -> None:
        if isinstance(event, FaultTouched):
            self.touched.append((event.request, event.action))


OpenTransport = Callable[[], Transport]


async def tried(
    seen: Seen, links: Links[Any], transport: OpenTransport, fault: ByteFault | MessageFault, where: tuple[Direction, ...]
) -> None:
    """A question and an order on connections that were there before, one on a new connection, and one after the heal."""
    asking, ordering, fresh, patient = transport(), transport(), transport(), transport()
    for name, one in (("a-0", asking), ("o-0", ordering)):
        seen.endings.append(await ending(one, "GET", name))
    links.inject("harm", [(LINK, direction) for direction in where], fault)
    seen.endings.append(await ending(asking, "GET", "a-1"))
    seen.endings.append(await ending(ordering, "POST", "o-1"))
    seen.endings.append(await ending(fresh, "GET", "f-1"))
    await trio.sleep(PATIENCE_S / 10)  # a proxy of sockets hears a moment later that its caller has left
    links.heal("harm")
    seen.endings.append(await ending(patient, "GET", "p-1"))
    seen.handled.sort()  # what arrives at one instant is taken up in any order


async def ending(transport: Transport, method: str, name: str) -> str:
    body = b'{"quantity":1}' if method == "POST" else b""
    request = Request(method=method, target="/orders", headers=((REQUEST_ID, name),), body=body)
    with trio.move_on_after(PATIENCE_S):
        try:
            response = await transport.exchange("inventory", request)
        except CallError as error:
            # On loopback a reset may come before or after the end of the handshake that it answers.
            return f"{error.result.value}: {error.detail.replace('reset while connecting', 'connection reset')}"
        return f"{response.status} {response.body.decode('latin-1')}"
    return "nothing"


async def over_sockets(fault: ByteFault | MessageFault, where: tuple[Direction, ...]) -> Seen:
    seen = Seen()
    listener = await listen()
    board = Board(seed=SEED, tell=seen.tell)
    transports: list[HttpTransport] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(HttpServer(seen.handle).serve, [listener])
        await nursery.start(board.run)
        address = board.add_link(LINK, upstream=address_of(listener), http=True)

        def transport() -> Transport:
            transports.append(HttpTransport({"inventory": address}))
            return transports[-1]

        await tried(seen, board, transport, fault, where)
        for one in transports:
            await one.aclose()
        nursery.cancel_scope.cancel()
    return seen


def in_memory(fault: ByteFault | MessageFault, where: tuple[Direction, ...]) -> Seen:
    async def play(kernel: Kernel) -> Seen:
        seen = Seen()
        async with trio.open_nursery() as nursery:

            def accept(_callee: str) -> tuple[CalleePeer, Gate]:
                peer = CalleePeer()
                nursery.start_soon(peer.serve, seen.handle, _fails)
                return peer, _Open()

            topology = Topology(nodes=(NodeSpec(name="order", kind="hop", calls={"inventory": {}}),))
            links = MemoryLinks(kernel, topology, seed=SEED, tell=seen.tell, accept=accept, distances=NEAR)
            await tried(seen, links, lambda: MemoryTransport(topology.nodes[0], links.of_caller("order")), fault, where)
            nursery.cancel_scope.cancel()
        return seen

    return simulate(play, seed=1)


class _Open:
    is_shut = False

    def hold(self, timer: object) -> None:
        raise AssertionError("an open gate holds nothing")


def _fails(request: Request, error: Exception) -> None:
    raise AssertionError(request) from error


FAULTS: tuple[tuple[ByteFault | MessageFault, tuple[Direction, ...]], ...] = (
    (Latency(delay=0.05, jitter=0.02, distribution="normal"), BOTH),
    (Bandwidth(rate=20_000.0), BOTH),
    (Loss(rate=0.2), BOTH),
    (Slicer(average_size=9.0), BOTH),
    (Corrupt(rate=0.02), REPLY),
    (Silence(), BOTH),
    (Silence(), REPLY),
    (Blackhole(), BOTH),
    (Refuse(), (Direction.REQUEST,)),
    (ResetConnections(), (Direction.REQUEST,)),
    (ResetPeer(after=0.1), REPLY),
    (Timeout(after=0.2), REPLY),
    (LimitData(bytes=60.0), REPLY),
    (SlowClose(delay=0.2), REPLY),
    (HalfOpen(), BOTH),
    (Hang(), (Direction.REQUEST,)),
    (Drop(what="request"), REPLY),
    (Drop(what="reply", probability=0.5), REPLY),
    (Late(by=0.1, jitter=0.05), REPLY),
    (Error(status=503, retry_after=2.0), REPLY),
    (Error(status=429, probability=0.5), REPLY),
    (Duplicate(), REPLY),
    (Abort(what="request"), REPLY),
    (Abort(what="reply"), REPLY),
    (Truncate(keep=10.0), REPLY),
    (Truncate(keep=10.0, ending="reset"), REPLY),
    (Drip(piece=20.0, interval=0.05), REPLY),
    (BadChunk(), REPLY),
    (Tamper(find="BOOK-001", put="BOOK-666"), REPLY),
    (Eavesdrop(looks_for="currentStock"), REPLY),
    (WrongLength(by=5.0), REPLY),
    (WrongLength(by=5.0, says="less"), REPLY),
)


@pytest.fixture(scope="module")
def real() -> list[Seen]:
    """All of them at once: each waits most of the time."""
    found: dict[int, Seen] = {}

    async def one(place: int) -> None:
        found[place] = await over_sockets(*FAULTS[place])

    async def all_of_them() -> None:
        async with trio.open_nursery() as nursery:
            for place in range(len(FAULTS)):
                nursery.start_soon(one, place)

    trio.run(all_of_them)
    return [found[place] for place in range(len(FAULTS))]


@pytest.mark.parametrize("place", range(len(FAULTS)), ids=[f"{fault.kind}-{fault.words()}" for fault, _ in FAULTS])
def test_a_fault_does_the_same_over_sockets_and_in_memory(place: int, real: list[Seen]) -> None:
    assert in_memory(*FAULTS[place]) == real[place]


def test_the_table_has_every_fault_of_links() -> None:
    from chaoscli.faults.catalogue import FAULTS as CATALOGUE

    kinds = {kind for kind, row in CATALOGUE.items() if row.harms in ("bytes", "messages") and row.aim == "link"}
    assert {fault.kind for fault, _ in FAULTS} == kinds
