"""One link and the faults that stand on it, whatever its connections are made of: sockets, or memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from chaoscli import dice
from chaoscli.errors import NotMadeError
from chaoscli.events import Event, Overheard
from chaoscli.faults.base import ByteFault, Direction, FlowMaker, MessageFault, flow_maker
from chaoscli.faults.datagrams.base import DatagramFault
from chaoscli.faults.eavesdrop import FIRST_BYTES, Eavesdrop, EavesdropFlow
from chaoscli.faults.hang import Hang
from chaoscli.proxy.course import Store
from chaoscli.proxy.faulted_connection import FaultedConnection
from chaoscli.proxy.judge import Judge
from chaoscli.proxy.tally import Tally, Watched

C = TypeVar("C", bound=FaultedConnection[Any])
Fault = ByteFault | MessageFault | DatagramFault


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts:
    """Running totals of one link: bytes that were read in each direction, and those that were passed on (a fault drops or
    holds some, or adds its own). ``touched`` counts what each live fault harmed: chunks of bytes, requests, or datagrams.

    The last four are a UDP link's, whose ``connections`` are clients: ``dropped`` was lost although no fault asked for it,
    and ``refused`` is what came back from an upstream where nobody listens.
    """

    connections: int
    open: int
    bytes_request: int
    bytes_reply: int
    sent_request: int
    sent_reply: int
    requests: int
    held_bytes: int
    touched: dict[str, int]
    datagrams_request: int = 0
    datagrams_reply: int = 0
    dropped: int = 0
    refused: int = 0


@dataclass(slots=True)
class Injected:
    """A byte fault on this link: in each direction what makes its flows, and where they are counted."""

    name: str
    fault: ByteFault
    share: float
    directions: dict[Direction, tuple[FlowMaker, Tally]] = field(default_factory=dict)
    updates: int = 0

    @property
    def rolled_again(self) -> tuple[int, ...]:
        """What tells the dice after an update from those before; a fault that is never updated has the dice of any run."""
        return (self.updates,) if self.updates else ()


class FaultedLink(ABC, Generic[C]):
    """Keeps who is connected, and what harms them; a link of one world adds how connections come to be."""

    def __init__(self, name: str, *, seed: int, tell: Callable[[Event], None], now: Callable[[], float], http: bool) -> None:
        self.name = name
        self._seed = seed
        self._now = now
        self._tell = tell
        self._told_heard: set[tuple[str, Direction]] = set()
        self._judge = Judge(name, seed=seed, tell=tell, now=now) if http else None
        self._injected: dict[str, Injected] = {}
        self._connections: dict[C, None] = {}  # in the order they came, which is the same in every run
        self._store = Store()
        self._accepted = 0
        self._requests = 0  # of connections that are closed, as are the bytes
        self._bytes = {Direction.REQUEST: 0, Direction.REPLY: 0}

    @abstractmethod
    def _listen_or_refuse(self) -> None:
        """Faults have changed: be there for new connections, or do not."""

    @abstractmethod
    def _put_through(self, connection: C) -> None:
        """Join a connection that waits to the callee, unless a fault keeps us from it."""

    # -- faults ----------------------------------------------------------------------------------------------------------

    def inject(self, name: str, directions: Sequence[Direction], fault: Fault, share: float) -> None:
        """Harm these directions of every connection, live or to come, that the dice pick; or every request. NotMadeError if it
        is no fault for this link."""
        if isinstance(fault, ByteFault):
            self._inject_bytes(name, directions, fault, share)
        elif not isinstance(fault, MessageFault):
            raise NotMadeError(f"'{fault.kind}' harms datagrams, and the link '{self.name}' carries streams")
        elif self._judge is None:
            raise NotMadeError(f"'{fault.kind}' needs HTTP, and the link '{self.name}' carries plain bytes")
        else:
            self._judge.inject(name, directions[0], fault)
            self._judge_anew()

    def _inject_bytes(self, name: str, directions: Sequence[Direction], fault: ByteFault, share: float) -> None:
        injected = Injected(name, fault, share)
        for direction in directions:
            injected.directions[direction] = (flow_maker(fault), Tally(name, self.name, direction))
        self._injected[name] = injected
        self._listen_or_refuse()
        for connection in tuple(self._connections):
            if self._strikes(injected, connection):
                for direction in directions:
                    connection.add(direction, self._flow(injected, direction, connection))

    def update(self, name: str, fault: Fault, share: float) -> None:
        """Other settings for an injected fault; it keeps its place among the others and its counts, and the dice roll again."""
        if self._judge is not None and name in self._judge.faults:
            assert isinstance(fault, MessageFault)
            self._judge.update(name, fault)
            return
        assert isinstance(fault, ByteFault)
        old = self._injected[name]
        injected = self._injected[name] = Injected(name, fault, share, updates=old.updates + 1)
        for direction, (_, tally) in old.directions.items():
            injected.directions[direction] = (flow_maker(fault), tally)
        self._listen_or_refuse()
        order = self.tallies()
        for connection in tuple(self._connections):
            struck = self._strikes(injected, connection)
            for direction, (_, tally) in injected.directions.items():
                if struck:
                    connection.update(self._flow(injected, direction, connection), order)
                else:
                    connection.take_away(tally)
            self._put_through(connection)

    def heal(self, name: str) -> list[Tally]:
        """Take the fault away, and what it counted out. Connections that only waited for this are put through."""
        if self._judge is not None and name in self._judge.faults:
            tally = self._judge.heal(name)
            self._judge_anew()
            return [tally]
        injected = self._injected.pop(name)
        self._listen_or_refuse()
        tallies = [tally for _, tally in injected.directions.values()]
        for connection in tuple(self._connections):
            for tally in tallies:
                connection.take_away(tally)
            self._put_through(connection)
        return tallies

    @property
    def faults(self) -> frozenset[str]:
        return frozenset(self._injected) | (self._judge.faults if self._judge is not None else frozenset())

    def tallies(self) -> list[Tally]:
        of_bytes = [tally for injected in self._injected.values() for _, tally in injected.directions.values()]
        return of_bytes + (self._judge.tallies() if self._judge is not None else [])

    def _judge_anew(self) -> None:
        assert self._judge is not None
        for connection in self._connections:
            if connection.exchange is not None:
                connection.exchange.decide = self._judge.decide_or_none

    def _strikes(self, injected: Injected, connection: C) -> bool:
        if injected.share >= 1.0:
            return True
        draw = dice.stream(self._seed, injected.name, self.name, "share", connection.number, *injected.rolled_again)
        return draw.random() < injected.share

    def _flow(self, injected: Injected, direction: Direction, connection: C) -> Watched:
        make, tally = injected.directions[direction]
        rng = dice.stream(self._seed, injected.name, self.name, direction.value, connection.number, *injected.rolled_again)
        return Watched(make(rng), tally, self._hears if isinstance(injected.fault, Eavesdrop) else None)

    def _hears(self, tally: Tally, flow: EavesdropFlow) -> None:
        """Tell what was caught; how it begins only once, of whichever connection was the first."""
        for what, text in flow.overheard():
            if what == FIRST_BYTES and (tally.fault, tally.direction) in self._told_heard:
                continue
            self._told_heard.add((tally.fault, tally.direction))
            self._tell(
                Overheard(
                    at=self._now(), fault=tally.fault, link=self.name, direction=tally.direction.value, what=what, text=text
                )
            )

    # -- connections -----------------------------------------------------------------------------------------------------

    @property
    def _refuses(self) -> bool:
        """Nobody is to be there for any caller."""
        return any(one.fault.refuses and one.share >= 1.0 for one in self._injected.values())

    @property
    def _hangs(self) -> bool:
        """Nobody is to get through to it; one that picks its connections only keeps those from the callee."""
        return any(isinstance(one.fault, Hang) and one.share >= 1.0 for one in self._injected.values())

    def _holds_back(self, connection: C) -> bool:
        """A fault keeps this connection from being put through."""
        if not self._injected:
            return False  # every connection asks
        return any(one.fault.holds_dialling and self._strikes(one, connection) for one in self._injected.values())

    def _took_in(self, connection: C) -> None:
        """A new connection meets what there is, and is put through."""
        self._connections[connection] = None
        for injected in self._injected.values():
            if self._strikes(injected, connection):
                for direction in injected.directions:
                    flow = self._flow(injected, direction, connection)
                    flow.begins()
                    connection.add(direction, flow)
        self._put_through(connection)

    def _closed(self, connection: C) -> None:
        self._connections.pop(connection, None)
        self._bytes[Direction.REQUEST] += connection.caller.bytes_read
        self._bytes[Direction.REPLY] += connection.callee.bytes_read
        if connection.exchange is not None:
            self._requests += connection.exchange.requests

    # -- counts ----------------------------------------------------------------------------------------------------

    def counts(self) -> LinkCounts:
        touched: dict[str, int] = {}
        for tally in self.tallies():
            touched[tally.fault] = touched.get(tally.fault, 0) + tally.touched
        request = self._bytes[Direction.REQUEST] + sum(one.caller.bytes_read for one in self._connections)
        reply = self._bytes[Direction.REPLY] + sum(one.callee.bytes_read for one in self._connections)
        return LinkCounts(
            connections=self._accepted,
            open=len(self._connections),
            bytes_request=request,
            bytes_reply=reply,
            sent_request=request - self._store.withheld[Direction.REQUEST],
            sent_reply=reply - self._store.withheld[Direction.REPLY],
            requests=self._requests + sum(one.exchange.requests for one in self._connections if one.exchange is not None),
            held_bytes=self._store.held_bytes,
            touched=touched,
        )
