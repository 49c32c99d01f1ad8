"""The proxy's board, told over its channel."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from chaoscli.faults.base import Direction
from chaoscli.faults.catalogue import fault_to_plain
from chaoscli.faults.datagrams.catalogue import is_for_datagrams_only
from chaoscli.net.channel import Line
from chaoscli.topology import Link
from chaoscli.worlds.base import LinkFault


class Ask(Protocol):
    """Tells the proxy to do something, and waits until it is done."""

    def __call__(self, do: str, /, **fields: Any) -> Awaitable[Line]: ...


class RemoteBoard:
    """``worlds.base.Board`` in another process."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def inject(self, name: str, links: Sequence[tuple[Link, Direction]], fault: LinkFault, share: float = 1.0) -> None:
        targets = [[str(link), direction.value] for link, direction in links]
        plain, datagrams = fault_to_plain(fault), is_for_datagrams_only(fault)
        await self._ask("inject", name=name, kind=fault.kind, fault=plain, share=share, targets=targets, datagrams=datagrams)

    async def update(self, name: str, fault: LinkFault, share: float = 1.0) -> None:
        plain, datagrams = fault_to_plain(fault), is_for_datagrams_only(fault)
        await self._ask("update", name=name, kind=fault.kind, fault=plain, share=share, datagrams=datagrams)

    async def heal(self, name: str) -> None:
        await self._ask("heal", name=name)
