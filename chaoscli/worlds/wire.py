"""Links in memory: messages travel as values, and as bytes through the very chains of the real proxy where a fault wants them.

A clean connection hands a value over one latency after it was sent. Where faults take hold, the message is encoded, the
link's courses and exchanges treat the bytes as they would a socket's, and it arrives when its last byte does.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import h11

from chaoscli import dice
from chaoscli.events import Event
from chaoscli.faults.base import Direction
from chaoscli.messages import Request, Response
from chaoscli.net.codec import Reader, request_bytes, request_size, response_bytes, response_size
from chaoscli.net.memory import MOST_IN_A_RECORD, RECORD_BYTES, CalleePeer, CallerPeer, Ending, Flight
from chaoscli.net.pool import Pool, limits_of
from chaoscli.proxy.course import Store
from chaoscli.proxy.exchange import Exchange
from chaoscli.proxy.faulted_connection import FaultedConnection
from chaoscli.proxy.faulted_link import FaultedLink
from chaoscli.proxy.links import Links
from chaoscli.proxy.side import Course
from chaoscli.topology import NodeSpec, Topology
from chaoscli.worlds.clock import Gate, Kernel

# What a message takes from peer to peer on a clean link, the work of its sender and receiver included: half of what a round
# trip through the real proxy took beyond the service's own time, on two cores that played three variants (2.2 ms in the
# median). Never nothing, which would hide races.
LINK_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """What a message takes on a clean link, in seconds: on those named in ``of_links``, and on all others."""

    usual_s: float = LINK_S
    of_links: Mapping[str, float] = field(default_factory=dict)

    def along(self, link: str) -> float:
        return self.of_links.get(link, self.usual_s)


# How a new connection reaches its callee: None when nobody is there.
Accept = Callable[[], "tuple[CalleePeer, Gate] | None"]


class MemoryEnd:
    """One end of a connection at the proxy, and the peer behind it; what is passed to it arrives there one latency later.

    ``waiting`` holds what is passed on before the callee has been dialled, and is None from then on.
    """

    __slots__ = (
        "_closing", "_encode", "_link_s", "_reader", "_seal", "bytes_read", "closed", "course", "engine", "gate", "other",
        "owner", "peer", "read_ended", "waiting", "write_ended",
    )  # fmt: skip

    other: MemoryEnd

    def __init__(
        self, kernel: Kernel, owner: MemoryConnection, link_s: float, encode: Callable[[Any], bytes], seal: Random | None
    ) -> None:
        self.engine = kernel
        self._link_s = link_s
        self.owner = owner
        self.course: Course | None = None
        self.waiting: bytearray | None = bytearray()
        self.bytes_read = 0
        self.read_ended = False
        self.write_ended = False
        self.closed = False
        self.peer: Any = None
        self.gate: Gate | None = None
        self._reader: Reader[Any] = Reader(sealed=seal is not None)
        self._encode = encode
        self._seal = seal
        self._closing = False  # the end of the stream is to follow what is waiting

    def open(self, peer: CallerPeer | CalleePeer, gate: Gate | None) -> None:
        """There is a peer: what was passed on before goes its way."""
        self.peer, self.gate = peer, gate
        peer.carrier = self
        waiting, self.waiting = self.waiting, None
        if waiting:
            self.write(bytes(waiting))
        if self._closing:
            self.finish()

    # -- from the peer -----------------------------------------------------------------------------------------------------

    def send(self, message: Request | Response | Flight) -> None:
        """Carry it to the other end's peer, as a value if nothing on the way looks at bytes."""
        if self.closed or self.read_ended:
            return
        owner, other = self.owner, self.other
        if isinstance(message, Request):
            owner.begin(message)
        if self.course is None and other.waiting is None:
            self.bytes_read += self._size(message)
            other._later(other._arrived, message)
            return
        # Sealed, it is as many bytes that tell nobody anything.
        data = self._encode(message) if self._seal is None else self._seal.randbytes(self._size(message))
        self.bytes_read += len(data)
        other._reader.expect(data, message)
        if self.course is not None:
            self.course.received(data)
        else:
            other.write(data)

    def _size(self, message: Request | Response | Flight) -> int:
        if isinstance(message, Flight):
            return message.size
        size = request_size(self.owner.callee_name, message) if isinstance(message, Request) else response_size(message)
        return size if self._seal is None else size + RECORD_BYTES * math.ceil(size / MOST_IN_A_RECORD)

    def left(self) -> None:
        """The peer closed its side, in the middle of anything."""
        self.peer = None
        if self.closed or self.read_ended:
            return
        self.read_ended = True
        if self.other.waiting is not None:
            self.owner.close()  # it went before it was put through to anyone
        elif self.course is not None:
            self.course.ended()
        else:
            self.other.finish()
        if self.other.read_ended:
            self.owner.settle()

    def crashed(self) -> None:
        """The peer is gone without a word; what it sent is on its way."""
        self.peer = None
        if not self.closed:
            self.owner.broke(self)

    # -- to the peer -------------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> bool:
        if self.waiting is not None:
            self.waiting += data
        elif self.peer is None and not self.closed and not self.write_ended:
            self.owner.broke(self)  # whoever writes to a closed socket is answered by a reset
        elif not self.closed and not self.write_ended:
            self._later(self._read, data)
        return True

    def finish(self) -> None:
        if self.closed or self.write_ended:
            return
        if self.waiting is not None:
            self._closing = True
            return
        self.write_ended = True
        if self.other.write_ended:
            self.owner.close()
        else:
            self._later(self._ended, Ending.CLOSED)

    def close(self, *, reset: bool = False) -> None:
        if not self.closed:
            self.closed = True
            self.waiting = None
            self._later(self._ended, Ending.RESET if reset else Ending.CLOSED)

    @property
    def full(self) -> bool:
        """Never: a message is sent whole, and a caller sends one at a time."""
        return False

    def pause(self) -> None:
        """Nobody can be held back who has sent already."""

    def resume(self) -> None:
        """Nobody was held back."""

    # -- arriving ----------------------------------------------------------------------------------------------------------

    def _later(self, arrive: Callable[[Any], None], what: Any) -> None:
        kernel = self.engine
        kernel.at(kernel.now() + self._link_s, arrive, what, self.gate)

    def _arrived(self, message: Any) -> None:
        if self.peer is not None:
            self.peer.arrives(message)
        elif not self.closed:
            self.owner.broke(self)

    def _read(self, data: bytes) -> None:
        peer = self.peer
        if peer is None:
            return
        peer.heard = True
        try:
            for message in self._reader.read(data):
                peer.arrives(message)
        except h11.RemoteProtocolError as error:
            peer.ends(Ending.CLOSED, str(error))

    def _ended(self, ending: Ending) -> None:
        peer = self.peer
        if peer is None:
            return
        try:
            for message in self._reader.end() if ending is Ending.CLOSED else ():
                peer.arrives(message)
            peer.ends(ending)
        except h11.RemoteProtocolError as error:
            peer.ends(ending, str(error))

    def asks(self, request: Request) -> None:
        """The next reply to arrive here answers this."""
        self._reader.request = request


class MemoryConnection(FaultedConnection[MemoryEnd]):
    """From its caller's peer through the link to its callee's."""

    __slots__ = ("_link", "callee_name")

    def __init__(self, kernel: Kernel, number: int, link: MemoryLink, *, store: Store) -> None:
        self._link = link
        self.callee_name = link.callee_name
        super().__init__(number, lambda owner: _ends(kernel, owner, link), exchange=None, store=store, closed=link.closed)

    @property
    def dialled(self) -> bool:
        return self.callee.waiting is None

    def dial(self, accept: Accept) -> None:
        """Join the callee; where nobody is, the caller gets a reset, the nearest thing for one who was let in already."""
        taken = accept()
        if taken is None:
            self.broke(self.callee)
        else:
            self.callee.open(*taken)

    def begin(self, request: Request) -> None:
        """A request is about to be sent. Only where requests are judged, or one is still to be answered, bytes must be read."""
        self.caller.asks(request)
        judge = self._link.decide
        if self.exchange is not None and (judge is not None or not self.exchange.is_idle):
            return
        if judge is not None:
            self.converse(Exchange(judge))
        elif self.exchange is not None:
            self.converse(None)
            for direction in tuple(self._courses):
                self._drop_if_clean(direction)

    def _drop_if_clean(self, direction: Direction) -> None:
        if not self._courses[direction].needed:
            del self._courses[direction]
            self._end(direction).course = None


class MemoryLink(FaultedLink[MemoryConnection]):
    """``accept`` makes the callee's side of a new connection; ``link_s`` is what a message takes. On one that is ``encrypted``
    all that can be seen from outside is how much there is of it."""

    def __init__(
        self,
        kernel: Kernel,
        name: str,
        callee: str,
        *,
        seed: int,
        tell: Callable[[Event], None],
        accept: Accept,
        link_s: float,
        encrypted: bool,
    ) -> None:
        super().__init__(name, seed=seed, tell=tell, now=kernel.now, http=not encrypted)
        self._encrypted = encrypted
        self.callee_name = callee
        self.link_s = link_s
        self._kernel = kernel
        self._accept = accept

    async def connect(self, gate: Gate | None) -> CallerPeer:
        """A new connection, one latency later; ConnectionRefusedError while a fault refuses."""
        await self._kernel.sleep(self.link_s, gate)
        if self._refuses:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens")
        self._accepted += 1
        connection = MemoryConnection(self._kernel, self._accepted, self, store=self._store)
        peer = CallerPeer()
        connection.caller.open(peer, gate)
        self._took_in(connection)
        return peer

    @property
    def decide(self) -> Any:
        """What judges requests; None while there is nothing to decide, and where nobody can read them."""
        return self._judge.decide_or_none if self._judge is not None else None

    def seal(self, direction: Direction, connection: int) -> Random | None:
        """What makes the bytes that stand for sealed ones; None where they are sent as they are."""
        return dice.stream(self._seed, "seal", self.name, direction.value, connection) if self._encrypted else None

    def closed(self, connection: MemoryConnection) -> None:
        self._closed(connection)

    def crash(self, gate: Gate) -> None:
        """Whoever is behind ``gate`` is gone: every end it had breaks."""
        for connection in tuple(self._connections):
            for end in (connection.caller, connection.callee):
                if end.gate is gate and end.waiting is None:
                    end.crashed()

    def _listen_or_refuse(self) -> None:
        """Asked at each connection; there is no listener to take away."""

    def _put_through(self, connection: MemoryConnection) -> None:
        if not (connection.dialled or connection.is_closed or self._holds_back(connection)):
            connection.dial(self._accept)


class MemoryTransport(Pool[CallerPeer]):
    """``net.base.Transport`` of ``caller`` over its links in memory; ``gate`` holds up what its node does."""

    def __init__(self, caller: NodeSpec, links: dict[str, MemoryLink], gate: Gate | None = None) -> None:
        super().__init__(limits_of(caller.calls))
        self._links = links
        self._gate = gate
        self._tls = {callee: policy.get("tls") for callee, policy in caller.calls.items()}

    async def _connect(self, callee: str) -> CallerPeer:
        peer = await self._links[callee].connect(self._gate)
        if self._tls.get(callee) in ("mutual", "anonymous"):
            await peer.shake_hands(certified=self._tls[callee] == "mutual")
        return peer

    def _leads_to(self, connection: CallerPeer, callee: str) -> bool:
        return True


class MemoryLinks(Links[MemoryLink]):
    """All links of a topology. ``accept`` is a callee's side of a new connection, by the callee's name."""

    def __init__(
        self,
        kernel: Kernel,
        topology: Topology,
        *,
        seed: int,
        tell: Callable[[Event], None],
        accept: Callable[[str], tuple[CalleePeer, Gate] | None],
        distances: Distances,
    ) -> None:
        super().__init__(tell=tell, now=kernel.now)
        self._of_caller: dict[str, dict[str, MemoryLink]] = {}
        speaking_tls = topology.speaking_tls
        for link in topology.links:
            accepting = partial(accept, link.callee)
            made = MemoryLink(
                kernel, str(link), link.callee, seed=seed, tell=tell, accept=accepting, link_s=distances.along(str(link)),
                encrypted=link.callee in speaking_tls,
            )  # fmt: skip
            self._links[str(link)] = made
            self._of_caller.setdefault(link.caller, {})[link.callee] = made

    def of_caller(self, caller: str) -> dict[str, MemoryLink]:
        """By callee."""
        return self._of_caller.get(caller, {})

    def crash(self, gate: Gate) -> None:
        """Every end of a connection behind ``gate`` breaks."""
        for link in self._links.values():
            link.crash(gate)


def _ends(kernel: Kernel, owner: MemoryConnection, link: MemoryLink) -> tuple[MemoryEnd, MemoryEnd]:
    seals = [link.seal(direction, owner.number) for direction in (Direction.REQUEST, Direction.REPLY)]
    caller = MemoryEnd(kernel, owner, link.link_s, lambda request: request_bytes(link.callee_name, request), seals[0])
    callee = MemoryEnd(kernel, owner, link.link_s, response_bytes, seals[1])
    caller.other, callee.other = callee, caller
    return caller, callee
