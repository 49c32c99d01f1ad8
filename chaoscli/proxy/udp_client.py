"""One client of a UDP link: the address it sends from, and the socket that the callee knows it by."""

from __future__ import annotations

from typing import Any

from chaoscli.proxy.sockets import Socket
from chaoscli.proxy.udp_faults import CountedFlow


class UdpClient:
    """``number`` counts the clients of the link from 1; ``sock`` is None until something of it has to go out.

    ``there`` and ``back`` are the faults its datagrams meet, as of the ``version`` of those of the link; ``held`` counts
    its datagrams that are held, and ``overflowed`` those that the kernel had no room for.
    """

    __slots__ = ("address", "back", "gone", "heard_at", "held", "number", "overflowed", "sock", "there", "version")

    def __init__(self, address: tuple[Any, ...], number: int) -> None:
        self.address = address
        self.number = number
        self.sock: Socket | None = None
        self.heard_at = 0.0
        self.gone = False
        self.held = 0
        self.overflowed = 0
        self.there: tuple[CountedFlow, ...] = ()
        self.back: tuple[CountedFlow, ...] = ()
        self.version = 0
