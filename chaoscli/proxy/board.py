"""The named proxies of one world, and the faults on them: one engine moves the bytes of all."""

from __future__ import annotations

import time
from collections.abc import Callable

import trio

from chaoscli.errors import NotMadeError
from chaoscli.events import Event
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.links import Links
from chaoscli.proxy.proxy import Proxy
from chaoscli.proxy.sockets import Address
from chaoscli.proxy.udp import UdpLink

LOOPBACK: Address = ("127.0.0.1", 0)


class Board(Links[Proxy | UdpLink]):
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
        super().__init__(tell=tell, now=now)
        self._seed = seed
        self._engine = Engine(now, linger_s=linger_s, poll_s=poll_s)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Move bytes until cancelled; then close everything. Links may be added before and meanwhile."""
        try:
            await self._engine.run(task_status=task_status)
        finally:
            for name in tuple(self._links):
                self.remove_link(name)
            self._engine.close()

    # -- links -----------------------------------------------------------------------------------------------------------

    def add_link(
        self,
        name: str,
        *,
        listen: Address = LOOPBACK,
        upstream: Address | None,
        http: bool = False,
        udp: bool = False,
        closes_unreached: bool = False,
    ) -> Address:
        """Listen for ``name`` and answer where; ``udp`` carries datagrams. A caller whose upstream cannot be reached is reset,
        or with ``closes_unreached`` sees the end of the stream. OSError if the port is taken, NotMadeError if the name is."""
        if name in self._links:
            raise NotMadeError(f"there is a link '{name}' already")
        link: Proxy | UdpLink
        if udp:
            link = UdpLink(self._engine, name, seed=self._seed, tell=self._tell, listen=listen, upstream=upstream)
        else:
            link = Proxy(
                self._engine, name, seed=self._seed, tell=self._tell, listen=listen, upstream=upstream, http=http,
                closes_unreached=closes_unreached,
            )  # fmt: skip
        self._links[name] = link
        return link.address

    def set_upstream(self, name: str, address: Address) -> None:
        """Where new connections of the link go; those that are through stay where they are."""
        self._link(name).set_upstream(address)

    def remove_link(self, name: str) -> None:
        """Stop listening and close the connections of the link."""
        self._link(name).close()
        self._forget(name)
