"""The named proxies of one world, and the faults on them: one engine moves the bytes of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import trio

from chaoscli.errors import NotMadeError
from chaoscli.events import Event, LinkCounted
from chaoscli.faults.base import ByteFault, Direction, MessageFault
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.proxy import LinkCounts, Proxy
from chaoscli.proxy.sockets import Address
from chaoscli.proxy.tally import Tally

LOOPBACK: Address = ("127.0.0.1", 0)


class Board:
    """``tell`` gets what happens, stamped by ``now`` (seconds that never go back). Call it from the thread that runs it.

    ``linger_s`` and ``poll_s`` are the engine's: for a process that does little else.
    """

    def __init__(
        self,
        *,
        seed: int,
        tell: Callable[[Event], None],
        now: Callable[[], float] = time.monotonic,
        linger_s: float = 0.0,
        poll_s: float = 0.0,
    ) -> None:
        self._seed = seed
        self._tell = tell
        self._engine = Engine(now, linger_s=linger_s, poll_s=poll_s)
        self._links: dict[str, Proxy] = {}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Move bytes until cancelled; then close everything. Links may be added before and meanwhile."""
        try:
            await self._engine.run(task_status=task_status)
        finally:
            for name in tuple(self._links):
                self.remove_link(name)
            self._engine.close()

    # -- links -----------------------------------------------------------------------------------------------------------

    def add_link(self, name: str, *, listen: Address = LOOPBACK, upstream: Address | None, http: bool) -> Address:
        """Listen for ``name`` and answer where. OSError if the port is taken, NotMadeError if the name is."""
        if name in self._links:
            raise NotMadeError(f"there is a link '{name}' already")
        link = Proxy(self._engine, name, seed=self._seed, tell=self._tell, listen=listen, upstream=upstream, http=http)
        self._links[name] = link
        return link.address

    def set_upstream(self, name: str, address: Address) -> None:
        """Where new connections of the link go; those that are through stay where they are."""
        self._link(name).set_upstream(address)

    def remove_link(self, name: str) -> None:
        """Stop listening and close the connections of the link."""
        self._link(name).close()
        del self._links[name]

    # -- faults ----------------------------------------------------------------------------------------------------------

    def inject(
        self, name: str, links: Sequence[tuple[str, Direction]], fault: ByteFault | MessageFault, share: float = 1.0
    ) -> None:
        """Harm these directions of these links under ``name``; a byte fault takes hold of each connection with ``share``."""
        if any(name in link.faults for link in self._links.values()):
            raise NotMadeError(f"there is a fault '{name}' already")
        directions: dict[str, list[Direction]] = {}
        for link, direction in links:
            self._link(link)
            directions.setdefault(link, []).append(direction)
        for link, chosen in directions.items():
            self._links[link].inject(name, chosen, fault, share)

    def update(self, name: str, fault: ByteFault | MessageFault, share: float = 1.0) -> None:
        """Other settings for the fault ``name``, wherever it is; what it holds waits on under the new ones."""
        for link in self._links.values():
            if name in link.faults:
                link.update(name, fault, share)

    def heal(self, name: str) -> None:
        """Take the fault away wherever it is, and tell what it did. Nothing happens if there is none of that name."""
        for link in self._links.values():
            if name in link.faults:
                self._tell_measured(link.heal(name))

    def tell_counts(self) -> None:
        """One LinkCounted for each link."""
        for name, counts in self.counts().items():
            self._tell(
                LinkCounted(
                    at=self._engine.now(),
                    link=name,
                    connections=counts.connections,
                    open=counts.open,
                    bytes_request=counts.bytes_request,
                    bytes_reply=counts.bytes_reply,
                )
            )

    def tell_all_measured(self) -> None:
        """What the faults that are still injected have done so far."""
        for link in self._links.values():
            self._tell_measured(link.tallies())

    def counts(self) -> dict[str, LinkCounts]:
        return {name: link.counts() for name, link in self._links.items()}

    def _tell_measured(self, tallies: Sequence[Tally]) -> None:
        for tally in tallies:
            self._tell(tally.measured(self._engine.now()))

    def _link(self, name: str) -> Proxy:
        try:
            return self._links[name]
        except KeyError:
            raise NotMadeError(f"there is no link '{name}'") from None
