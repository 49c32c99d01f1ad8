"""The clients of one UDP link: who is known, who is forgotten and when, and what the kernel lost of theirs."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

from chaoscli.proxy.engine import Engine
from chaoscli.proxy.sockets import Socket
from chaoscli.proxy.udp_client import UdpClient
from chaoscli.proxy.udp_losses import Losses
from chaoscli.proxy.udp_sockets import overflowed

# A client costs a descriptor and up to 6 KB (with a fault each way). One more takes the place of the one that was quiet
# longest: with a port for each question, as resolvers have it, that one has had its answer long ago.
MOST_CLIENTS = 4096
# A quiet client is forgotten after this; RFC 4787 (REQ-5) allows no NAT a shorter time, and programs count on that.
IDLE_S = 120.0
# How often a link that has clients looks who is idle and what the kernel lost, and tells what there is to tell.
LOOKS_EVERY_S = 1.0

_OVERFLOW = "the kernel's buffer was full before they could be read"


class UdpClients:
    """``known`` are those of now, by their address; who was quiet longest comes first. ``welcomed`` counts them all.

    ``listener`` is the socket that they send to; its link watches and closes it.
    """

    def __init__(self, engine: Engine, listener: Socket, losses: Losses) -> None:
        self.known: OrderedDict[tuple[Any, ...], UdpClient] = OrderedDict()
        self.welcomed = 0
        self._engine = engine
        self._listener = listener
        self._losses = losses
        self._overflowed = 0  # at the listener, as the clients of some moments ago are not told apart
        self._looking = False
        self._looked_at = -math.inf
        self._closed = False

    def welcome(self, address: tuple[Any, ...]) -> UdpClient:
        """One that is not known, in the place of another if there are too many."""
        if len(self.known) >= MOST_CLIENTS:
            self.evict()
        self.welcomed += 1
        client = self.known[address] = UdpClient(address, self.welcomed)
        if not self._looking:
            self._looking = True
            self._engine.at(self._engine.now() + LOOKS_EVERY_S, self._look, None)
        return client

    def heard(self, client: UdpClient) -> None:
        """It is the one that was quiet shortest."""
        client.heard_at = self._engine.now()
        self.known.move_to_end(client.address)

    def evict(self, *, holding_socket: bool = False) -> bool:
        """The client that was quiet longest makes room, if there is one; what the callee still has to say to it is lost."""
        quiet = next((client for client in self.known.values() if client.sock is not None or not holding_socket), None)
        if quiet is not None:
            self._losses.evicted += 1
            self._forget(quiet)
        return quiet is not None

    def close(self) -> None:
        """Forget them all, and tell the last of what was lost. The listener is still open."""
        self._closed = True
        self._count_overflow()
        for client in tuple(self.known.values()):
            self._forget(client)
        self._losses.tell(self._engine.now())

    def _forget(self, client: UdpClient) -> None:
        client.gone = True
        del self.known[client.address]
        if client.sock is not None:
            self._ask_kernel(client)
            self._engine.forget(client.sock.fileno())
            self._engine.close_socket(client.sock)
            client.sock = None

    def _look(self, _: None) -> None:
        if self._closed:
            return
        now = self._engine.now()
        self._forget_idle(now)
        self._count_overflow()
        self._looked_at = now
        self._losses.tell(now)
        self._looking = bool(self.known)
        if self._looking:
            self._engine.at(now + LOOKS_EVERY_S, self._look, None)

    def _forget_idle(self, now: float) -> None:
        while self.known and (client := next(iter(self.known.values()))).heard_at + IDLE_S <= now:
            if client.held:  # its datagrams are still on their way
                self.heard(client)
            else:
                self._forget(client)

    def _count_overflow(self) -> None:
        for client in reversed(self.known.values()):
            if client.heard_at < self._looked_at:
                break  # nor were those before it heard of since the last look
            self._ask_kernel(client)
        lost = overflowed(self._listener)
        if lost != self._overflowed:
            self._losses.add(_OVERFLOW, lost - self._overflowed)
            self._overflowed = lost

    def _ask_kernel(self, client: UdpClient) -> None:
        lost = overflowed(client.sock) if client.sock is not None else 0
        if lost != client.overflowed:
            self._losses.add(_OVERFLOW, lost - client.overflowed)
            client.overflowed = lost
