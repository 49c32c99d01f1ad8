"""One listener with one upstream, and the faults that stand between them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chaoscli import dice
from chaoscli.errors import NotMadeError
from chaoscli.events import Event
from chaoscli.faults.base import ByteFault, Direction, FlowMaker, MessageFault, flow_maker
from chaoscli.proxy.connection import Connection
from chaoscli.proxy.course import Store
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.exchange import Exchange
from chaoscli.proxy.judge import Judge
from chaoscli.proxy.poller import READABLE
from chaoscli.proxy.sockets import Address, Socket, accepted, bound, family
from chaoscli.proxy.tally import Tally, Watched

# The kernel cuts it to its own limit (net.core.somaxconn); a burst of thousands must not be refused by our choice.
BACKLOG = 4096
# One event's worth of accepting, so that a flood of newcomers leaves a turn to those who are in.
MOST_ACCEPTS = 64
# Out of descriptors the listener stays ready for ever; look again when some connection may have ended.
ACCEPT_AGAIN_AFTER_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts:
    """Running totals of one link. ``touched`` counts what each live fault harmed: chunks of bytes, or requests."""

    connections: int
    open: int
    bytes_request: int
    bytes_reply: int
    requests: int
    held_bytes: int
    touched: dict[str, int]


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


class Proxy:
    """``address`` is where it listens, or would, were it not refusing; ``upstream`` None: callers wait until it is known."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        *,
        seed: int,
        tell: Callable[[Event], None],
        listen: Address,
        upstream: Address | None,
        http: bool,
    ) -> None:
        self.name = name
        self.upstream = upstream
        self._engine = engine
        self._seed = seed
        self._judge = Judge(name, seed=seed, tell=tell, now=engine.now) if http else None
        self._family = family(listen)
        self._listener = bound(listen)
        self.address: Address = self._listener.getsockname()[:2]
        self._listening = False
        self._injected: dict[str, Injected] = {}
        self._connections: set[Connection] = set()
        self._store = Store()
        self._accepted = 0
        self._requests = 0  # of connections that are closed, as are the bytes
        self._bytes = {Direction.REQUEST: 0, Direction.REPLY: 0}
        self._listen()

    # -- faults ----------------------------------------------------------------------------------------------------------

    def inject(self, name: str, directions: Sequence[Direction], fault: ByteFault | MessageFault, share: float) -> None:
        """Harm these directions of every connection, live or to come, that the dice pick; or every request."""
        if isinstance(fault, ByteFault):
            self._inject_bytes(name, directions, fault, share)
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

    def update(self, name: str, fault: ByteFault | MessageFault, share: float) -> None:
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

    def set_upstream(self, upstream: Address) -> None:
        """Where connections go from now on; those that are through stay where they are."""
        self.upstream = upstream
        for connection in tuple(self._connections):
            self._put_through(connection)

    def _judge_anew(self) -> None:
        assert self._judge is not None
        for connection in self._connections:
            if connection.exchange is not None:
                connection.exchange.decide = self._judge.decide_or_none

    def _strikes(self, injected: Injected, connection: Connection) -> bool:
        if injected.share >= 1.0:
            return True
        draw = dice.stream(self._seed, injected.name, self.name, "share", connection.number, *injected.rolled_again)
        return draw.random() < injected.share

    def _flow(self, injected: Injected, direction: Direction, connection: Connection) -> Watched:
        make, tally = injected.directions[direction]
        rng = dice.stream(self._seed, injected.name, self.name, direction.value, connection.number, *injected.rolled_again)
        return Watched(make(rng), tally)

    # -- connections -----------------------------------------------------------------------------------------------------

    def _accept(self, _mask: int) -> None:
        for _ in range(MOST_ACCEPTS):
            try:
                sock = accepted(self._listener, self._family)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # it went before we got to it
            except OSError:
                self._stop_accepting_for_a_while()
                return
            self._welcome(sock)

    def _welcome(self, sock: Socket) -> None:
        self._accepted += 1
        exchange = Exchange(self._judge.decide_or_none) if self._judge is not None else None
        connection = Connection(self._engine, self._accepted, sock, exchange=exchange, store=self._store, closed=self._closed)
        self._connections.add(connection)
        for injected in self._injected.values():
            if self._strikes(injected, connection):
                for direction in injected.directions:
                    connection.add(direction, self._flow(injected, direction, connection))
        self._put_through(connection)

    def _put_through(self, connection: Connection) -> None:
        """Dial the upstream for a connection that waits, unless it is not known or a fault keeps us from it."""
        if connection.dialled or connection.is_closed or self.upstream is None:
            return
        if not any(one.fault.holds_dialling and self._strikes(one, connection) for one in self._injected.values()):
            connection.dial(self.upstream)

    def _closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._bytes[Direction.REQUEST] += connection.caller.bytes_read
        self._bytes[Direction.REPLY] += connection.callee.bytes_read
        if connection.exchange is not None:
            self._requests += connection.exchange.requests

    # -- listening -------------------------------------------------------------------------------------------------------

    def _listen_or_refuse(self) -> None:
        refusing = any(one.fault.refuses and one.share >= 1.0 for one in self._injected.values())
        if refusing and self._listening:
            self._refuse()
        elif not refusing and not self._listening:
            self._listen()

    def _listen(self) -> None:
        self._listener.listen(BACKLOG)
        self._listening = True
        self._engine.watch(self._listener.fileno(), READABLE, self._accept)

    def _refuse(self) -> None:
        """Bound but not listening: connecting is refused, and nobody else can take the port meanwhile."""
        self._engine.forget(self._listener.fileno())
        self._listening = False
        self._listener.close()
        self._listener = bound(self.address)

    def _stop_accepting_for_a_while(self) -> None:
        """Out of descriptors the listener would stay ready for ever; look again when some may have come free."""
        self._engine.change(self._listener.fileno(), 0)
        self._engine.at(self._engine.now() + ACCEPT_AGAIN_AFTER_S, self._accept_again, self._listener)

    def _accept_again(self, listener: socket.socket) -> None:
        if listener is self._listener and self._listening:
            self._engine.change(listener.fileno(), READABLE)

    # -- counts and the end ----------------------------------------------------------------------------------------------

    def counts(self) -> LinkCounts:
        touched: dict[str, int] = {}
        for tally in self.tallies():
            touched[tally.fault] = touched.get(tally.fault, 0) + tally.touched
        return LinkCounts(
            connections=self._accepted,
            open=len(self._connections),
            bytes_request=self._bytes[Direction.REQUEST] + sum(one.caller.bytes_read for one in self._connections),
            bytes_reply=self._bytes[Direction.REPLY] + sum(one.callee.bytes_read for one in self._connections),
            requests=self._requests + sum(one.exchange.requests for one in self._connections if one.exchange is not None),
            held_bytes=self._store.held,
            touched=touched,
        )

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._listening:
            self._engine.forget(self._listener.fileno())
            self._listening = False
        self._listener.close()
        for connection in tuple(self._connections):
            connection.close()
