"""One proxied connection: two sockets and, where the link has faults, a course for each direction between them."""

from __future__ import annotations

import errno
from collections.abc import Callable

from chaoscli.proxy.course import Store
from chaoscli.proxy.end import End
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.exchange import Exchange
from chaoscli.proxy.faulted_connection import FaultedConnection
from chaoscli.proxy.sockets import Address, Socket, connecting

# What a socket fails with that was connected; with anything else before its first byte it never was.
_WAS_CONNECTED = (errno.ECONNRESET, errno.EPIPE)


class Connection(FaultedConnection[End]):
    """Between ``client``, which was accepted, and the upstream it is dialled to.

    An upstream that cannot be reached shows as a reset, the nearest thing to a refusal for an accepted caller; or, where
    somebody wants to hear that it is ``unreached``, as the end of the stream, which is what Toxiproxy's clients wait for.
    """

    __slots__ = ("_breaking", "_dials", "_unreached")

    def __init__(
        self,
        engine: Engine,
        number: int,
        client: Socket,
        *,
        exchange: Exchange | None,
        store: Store,
        closed: Callable[[Connection], None],
        unreached: Callable[[Address, int], None] | None = None,
    ) -> None:
        self._breaking = False
        self._unreached = unreached
        self._dials: Address = ("", 0)
        super().__init__(number, lambda owner: _ends(engine, owner), exchange=exchange, store=store, closed=closed)
        if exchange is not None:
            self.converse(exchange)
        self.caller.open(client)

    @property
    def dialled(self) -> bool:
        return self.callee.sock is not None

    def dial(self, address: Address) -> None:
        """Start connecting; nothing waits for it."""
        self._dials = address
        try:
            sock = connecting(address)
        except OSError as error:
            self.broke(self.callee, error.errno or 0)
        else:
            self.callee.open(sock)

    def broke(self, end: End, code: int = 0) -> None:
        if not self._breaking:
            self._breaking = True  # to pass it on may fail in its turn
            end.read_out()
            self._breaking = False
        if self._unreached is not None and end is self.callee and not end.bytes_read and code not in _WAS_CONNECTED:
            self._unreached(self._dials, code)
            self.close()
        else:
            super().broke(end)


def _ends(engine: Engine, owner: Connection) -> tuple[End, End]:
    caller, callee = End(engine, owner), End(engine, owner)
    caller.other, callee.other = callee, caller
    return caller, callee
