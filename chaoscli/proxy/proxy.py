"""One listener with one upstream, and the faults that stand between them."""

from __future__ import annotations

import socket
from collections.abc import Callable

from chaoscli.events import Event, Noted
from chaoscli.proxy.connection import Connection
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.exchange import Exchange
from chaoscli.proxy.faulted_link import FaultedLink
from chaoscli.proxy.full_queue import CannotFillError, FullQueue
from chaoscli.proxy.poller import READABLE
from chaoscli.proxy.sockets import Address, Socket, accepted, bound, family, share
from chaoscli.proxy.unreached import Unreached

# The kernel cuts it to its own limit (net.core.somaxconn); a burst of thousands must not be refused by our choice.
BACKLOG = 4096
# One event's worth of accepting, so that a flood of newcomers leaves a turn to those who are in.
MOST_ACCEPTS = 64
# Out of descriptors the listener stays ready for ever; look again when some connection may have ended.
ACCEPT_AGAIN_AFTER_S = 0.1


class Proxy(FaultedLink[Connection]):
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
        closes_unreached: bool = False,
    ) -> None:
        super().__init__(name, seed=seed, tell=tell, now=engine.now, http=http)
        self.upstream = upstream
        self._unreached = Unreached(name, engine, tell).add if closes_unreached else None
        self._engine = engine
        self._family = family(listen)
        self._listener = bound(listen)
        self.address: Address = self._listener.getsockname()[:2]
        self._tell = tell
        self._listening = False
        self._full: FullQueue | None = None  # while connects hang
        self._cannot_hang = False  # and it has been said
        self._listen()

    def set_upstream(self, upstream: Address) -> None:
        """Where connections go from now on; those that are through stay where they are."""
        self.upstream = upstream
        for connection in tuple(self._connections):
            self._put_through(connection)

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
        connection = Connection(
            self._engine, self._accepted, sock, exchange=exchange, store=self._store, closed=self._closed,
            unreached=self._unreached,
        )  # fmt: skip
        self._took_in(connection)

    def _put_through(self, connection: Connection) -> None:
        """Dial the upstream for a connection that waits, unless it is not known or a fault keeps us from it."""
        if connection.dialled or connection.is_closed or self.upstream is None:
            return
        if not self._holds_back(connection):
            connection.dial(self.upstream)

    # -- listening -------------------------------------------------------------------------------------------------------

    def _listen_or_refuse(self) -> None:
        if self._full is not None and (self._refuses or not self._hangs):
            self._let_in(self._full)
        if self._refuses and self._listening:
            self._refuse()
        elif not self._refuses and not self._listening and self._full is None:
            self._listen()
        if not self._hangs:
            self._cannot_hang = False
        elif self._listening and not self._cannot_hang:
            self._keep_waiting()

    def _listen(self) -> None:
        """OSError when the port is not ours any more."""
        share(self._listener, True)
        self._listener.listen(BACKLOG)
        self._listening = True
        self._engine.watch(self._listener.fileno(), READABLE, self._accept)

    def _refuse(self) -> None:
        """Bound but not listening: connecting is refused, and nobody else can take the port meanwhile."""
        self._engine.forget(self._listener.fileno())
        self._listening = False
        self._listener.close()
        self._listener = bound(self.address)
        share(self._listener, False)

    def _keep_waiting(self) -> None:
        """Listening, with a queue that is full: connecting hangs. Who is through the door already is taken in."""
        try:
            for _ in range(BACKLOG // MOST_ACCEPTS):
                self._accept(READABLE)
            self._full = FullQueue(self._listener, self.address)
        except CannotFillError as error:
            self._cannot_hang = True
            self._listener.listen(BACKLOG)
            text = f"connects are accepted and then hear nothing, as they cannot be made to hang: {error}"
            self._tell(Noted(at=self._now(), source=self.name, text=text, level="warning"))
        else:
            self._engine.forget(self._listener.fileno())
            self._listening = False

    def _let_in(self, full: FullQueue) -> None:
        self._full = None
        callers = full.open(BACKLOG)
        self._listen()
        for sock in callers:
            self._welcome(sock)

    def _stop_accepting_for_a_while(self) -> None:
        """Out of descriptors the listener would stay ready for ever; look again when some may have come free."""
        self._engine.change(self._listener.fileno(), 0)
        self._engine.at(self._engine.now() + ACCEPT_AGAIN_AFTER_S, self._accept_again, self._listener)

    def _accept_again(self, listener: socket.socket) -> None:
        if listener is self._listener and self._listening:
            self._engine.change(listener.fileno(), READABLE)

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._full is not None:
            self._full.close()
        if self._listening:
            self._engine.forget(self._listener.fileno())
            self._listening = False
        self._listener.close()
        for connection in tuple(self._connections):
            connection.close()
