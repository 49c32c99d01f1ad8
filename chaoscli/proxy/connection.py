"""One proxied connection: two sockets and, where the link has faults, a course for each direction between them."""

from __future__ import annotations

from collections.abc import Callable

from chaoscli.proxy.course import Store
from chaoscli.proxy.end import End
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.exchange import Exchange
from chaoscli.proxy.faulted_connection import FaultedConnection
from chaoscli.proxy.sockets import Address, Socket, connecting


class Connection(FaultedConnection[End]):
    """Between ``client``, which was accepted, and the upstream it is dialled to."""

    __slots__ = ()

    def __init__(
        self,
        engine: Engine,
        number: int,
        client: Socket,
        *,
        exchange: Exchange | None,
        store: Store,
        closed: Callable[[Connection], None],
    ) -> None:
        super().__init__(number, lambda owner: _ends(engine, owner), exchange=exchange, store=store, closed=closed)
        if exchange is not None:
            self.converse(exchange)
        self.caller.open(client)

    @property
    def dialled(self) -> bool:
        return self.callee.sock is not None

    def dial(self, address: Address) -> None:
        """Start connecting; nothing waits for it. A refusal shows as a reset, the nearest thing for an accepted caller."""
        try:
            sock = connecting(address)
        except OSError:
            self.broke(self.callee)
        else:
            self.callee.open(sock)


def _ends(engine: Engine, owner: Connection) -> tuple[End, End]:
    caller, callee = End(engine, owner), End(engine, owner)
    caller.other, callee.other = callee, caller
    return caller, callee
