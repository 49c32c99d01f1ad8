"""A link that carries datagrams: one socket that clients send to, and one for each client that the callee knows it by.

Nothing is lost here unless a fault says so or a bound is hit, and then it is counted and told. A datagram passes at once and
in order where nothing makes it late. Clients do not hear that nobody listens upstream, which only the kernel could tell them.
"""

from __future__ import annotations

import errno
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from chaoscli.errors import NotMadeError
from chaoscli.events import Event
from chaoscli.faults.base import Direction
from chaoscli.faults.datagrams.base import passed
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS, for_datagrams
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.faulted_link import LinkCounts
from chaoscli.proxy.poller import READABLE
from chaoscli.proxy.sockets import Address, Socket
from chaoscli.proxy.tally import Tally
from chaoscli.proxy.udp_client import UdpClient
from chaoscli.proxy.udp_clients import UdpClients
from chaoscli.proxy.udp_faults import CountedFlow, UdpFaults
from chaoscli.proxy.udp_held import MOST_HELD_BYTES, Datagram, Held
from chaoscli.proxy.udp_losses import REFUSED, Losses
from chaoscli.proxy.udp_sockets import LARGEST_BYTES, bound_datagrams, joined_datagrams
from chaoscli.units import format_duration, format_size

# One event's worth of reading, so that a flood leaves a turn to others.
MOST_READS = 64
# One timer's worth of sending, for the same reason; a heal may let go of two hundred thousand.
MOST_AT_ONCE = 64
# A sending buffer that is full: try again soon, and give up after a second of it.
AGAIN_AFTER_S = 0.001
MOST_TRIES = 1000

_FULL = f"{format_size(MOST_HELD_BYTES)} are held already"
_STUCK = f"the sending buffer stayed full for {format_duration(AGAIN_AFTER_S * MOST_TRIES)}"
_FORGOTTEN = "held for a client that had to make room"


class UdpLink:
    """``address`` is where it listens; ``upstream`` None: datagrams wait until it is known."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        *,
        seed: int,
        tell: Callable[[Event], None],
        listen: Address,
        upstream: Address | None,
    ) -> None:
        self.name = name
        self.upstream = upstream
        self._engine = engine
        self._socket = bound_datagrams(listen)
        self.address: Address = self._socket.getsockname()[:2]
        self._faults = UdpFaults(name, seed)
        self._losses = Losses(name, tell)
        self._held = Held()
        self._due = math.inf
        self._clients = UdpClients(engine, self._socket, self._losses)
        self._closed = False
        self._datagrams_request = self._datagrams_reply = self._bytes_request = self._bytes_reply = 0
        self._sent_request = self._sent_reply = 0
        engine.watch(self._socket.fileno(), READABLE, self._hear_clients)

    # -- faults ----------------------------------------------------------------------------------------------------------

    def inject(self, name: str, directions: Sequence[Direction], fault: Any, share: float) -> None:
        """Harm these directions of every client, known or to come, that the dice pick. NotMadeError if ``fault`` is none for
        datagrams."""
        fault = for_datagrams(fault)
        if not any(type(fault) is row.settings for row in DATAGRAM_FAULTS.values()):
            known = ", ".join(sorted(DATAGRAM_FAULTS))
            raise NotMadeError(f"'{fault.kind}' is no fault of the UDP link '{self.name}'", hint=f"there are {known}")
        self._faults.inject(name, directions, fault, share)

    def update(self, name: str, fault: Any, share: float) -> None:
        """Other settings for an injected fault. What is on its way keeps its time."""
        self._faults.update(name, fault, share)

    def heal(self, name: str) -> Sequence[Tally]:
        """Take the fault away. What is on its way in its directions arrives at once, in order, whoever made it late: a burst that
        the other side may have no room for."""
        tallies = self._faults.heal(name)
        self._let_go(self._held.take({tally.direction for tally in tallies}))
        return tallies

    @property
    def faults(self) -> frozenset[str]:
        return self._faults.names

    def tallies(self) -> Sequence[Tally]:
        return self._faults.tallies()

    def set_upstream(self, upstream: Address) -> None:
        """Where new clients are led from now on, and those that wait; those that are through stay where they are."""
        self.upstream = upstream
        self._let_go(self._held.take({Direction.REQUEST}, only_waiting=True))

    # -- what comes in ---------------------------------------------------------------------------------------------------

    def _hear_clients(self, _mask: int) -> None:
        for _ in range(MOST_READS):
            if self._closed:
                return
            try:
                data, address = self._socket.recvfrom(LARGEST_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue  # some systems tell here that a client is gone
            client = self._clients.known.get(address) or self._clients.welcome(address)
            self._datagrams_request += 1
            self._bytes_request += len(data)
            self._refresh(client)
            if client.there:
                self._harm(client, Direction.REQUEST, client.there, data)
            else:
                self._to_callee(client, data)

    def _hear_callee(self, client: UdpClient, _mask: int) -> None:
        for _ in range(MOST_READS):
            if client.sock is None:
                return
            try:
                data = client.sock.recv(LARGEST_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                self._lost(error)
                continue
            self._datagrams_reply += 1
            self._bytes_reply += len(data)
            self._refresh(client)
            if client.back:
                self._harm(client, Direction.REPLY, client.back, data)
            else:
                self._to_client(client, data)

    def _refresh(self, client: UdpClient) -> None:
        """It was heard of, and meets the faults of now."""
        self._clients.heard(client)
        if client.version != self._faults.version:
            client.version = self._faults.version
            client.there = self._faults.flows(Direction.REQUEST, client.number, client.there)
            client.back = self._faults.flows(Direction.REPLY, client.number, client.back)

    def _harm(self, client: UdpClient, direction: Direction, flows: Sequence[CountedFlow], data: bytes) -> None:
        now = client.heard_at
        for send in passed(flows, data, now):
            late = tuple(flow.tally for flow in flows if flow.delayed) if send.at > now else ()
            datagram = Datagram(client, direction, send.data, late)
            if send.at > now:
                self._hold(send.at, datagram)
            else:
                self._pass_on(datagram)

    # -- what goes out ---------------------------------------------------------------------------------------------------

    def _pass_on(self, datagram: Datagram) -> None:
        if datagram.direction is Direction.REPLY:
            self._to_client(datagram.client, datagram.data, datagram.tries)
        elif datagram.client.gone:
            self._losses.add(_FORGOTTEN)
        else:
            self._to_callee(datagram.client, datagram.data, datagram.tries)

    def _to_callee(self, client: UdpClient, data: bytes, tries: int = 0) -> None:
        if client.sock is None and self.upstream is None:
            self._hold(math.inf, Datagram(client, Direction.REQUEST, data))
            return
        try:
            sock = client.sock or self._join(client, self.upstream)
            try:
                sock.send(data)
            except ConnectionRefusedError as error:
                self._lost(error)  # that was about one before it; this one has not left yet
                sock.send(data)
            self._sent_request += len(data)
        except OSError as error:
            self._not_sent(error, Datagram(client, Direction.REQUEST, data, tries=tries))

    def _to_client(self, client: UdpClient, data: bytes, tries: int = 0) -> None:
        try:
            self._socket.sendto(data, client.address)
            self._sent_reply += len(data)
        except OSError as error:
            self._not_sent(error, Datagram(client, Direction.REPLY, data, tries=tries))

    def _not_sent(self, error: OSError, datagram: Datagram) -> None:
        """What lacks room, or a descriptor that some other client can do without, is tried again; the rest is lost."""
        no_room = isinstance(error, BlockingIOError) or error.errno == errno.ENOBUFS  # the latter on macOS and the BSDs
        no_descriptor = error.errno in (errno.EMFILE, errno.ENFILE)
        if not no_room and not (no_descriptor and self._clients.evict(holding_socket=True)):
            self._lost(error)
        elif datagram.tries == MOST_TRIES:
            self._losses.add(_STUCK)
        else:
            datagram.tries += 1
            self._hold(self._engine.now() + AGAIN_AFTER_S, datagram)

    def _lost(self, error: OSError) -> None:
        refused = isinstance(error, ConnectionRefusedError)
        self._losses.add(REFUSED if refused else (error.strerror or str(error)).lower())

    # -- what is held ----------------------------------------------------------------------------------------------------

    def _hold(self, at: float, datagram: Datagram) -> None:
        if not self._held.put(at, datagram):
            self._losses.add(_FULL)
        self._schedule()

    def _let_go(self, datagrams: Sequence[Datagram]) -> None:
        """Pass them on now: the first at once, the many in turns of the engine."""
        for datagram in datagrams[:MOST_AT_ONCE]:
            self._pass_on(datagram)
        now = self._engine.now()
        for datagram in datagrams[MOST_AT_ONCE:]:
            datagram.tallies = ()  # nobody asked for this instant
            self._hold(now, datagram)

    def _schedule(self) -> None:
        due = self._held.next_at
        if due < self._due:
            self._due = due
            self._engine.at(due, self._release, due)

    def _release(self, due: float) -> None:
        if due != self._due:
            return  # something was due before it and set a timer of its own
        self._due = math.inf
        now = self._engine.now
        for at, datagram in itertools.islice(self._held.due(now()), MOST_AT_ONCE):
            for tally in datagram.tallies:
                tally.achieved(now() - at)
            self._pass_on(datagram)
        self._schedule()

    def _join(self, client: UdpClient, upstream: Address | None) -> Socket:
        assert upstream is not None
        sock = client.sock = joined_datagrams(upstream)
        self._engine.watch(sock.fileno(), READABLE, functools.partial(self._hear_callee, client))
        return sock

    # -- counts and the end ----------------------------------------------------------------------------------------------

    def counts(self) -> LinkCounts:
        """``connections`` are clients here. What the kernel lost is counted within a second."""
        touched: dict[str, int] = {}
        for tally in self.tallies():
            touched[tally.fault] = touched.get(tally.fault, 0) + tally.touched
        return LinkCounts(
            connections=self._clients.welcomed,
            open=len(self._clients.known),
            bytes_request=self._bytes_request,
            bytes_reply=self._bytes_reply,
            sent_request=self._sent_request,
            sent_reply=self._sent_reply,
            requests=0,
            held_bytes=self._held.bytes,
            touched=touched,
            datagrams_request=self._datagrams_request,
            datagrams_reply=self._datagrams_reply,
            dropped=self._losses.dropped,
            refused=self._losses.refused,
        )

    def close(self) -> None:
        """Stop listening, forget every client, and tell the last of what was lost."""
        self._closed = True
        self._clients.close()
        self._engine.forget(self._socket.fileno())
        self._engine.close_socket(self._socket)
