"""A node with everybody in place: the service of its kind, its workers and its door. The same in every world."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from chaoscli.net.base import HungUp
from chaoscli.services.base import Service
from chaoscli.services.catalogue import KINDS
from chaoscli.services.door import Door
from chaoscli.services.node import Node
from chaoscli.services.registrar import REGISTRY, stay_registered
from chaoscli.services.work import Workers
from chaoscli.settings import from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffedNode:
    """``door.handle`` is what the network serves; ``work`` runs beside it as long as the node does."""

    node: Node
    service: Service
    workers: Workers
    door: Door

    @property
    def hung_up(self) -> HungUp | None:
        """Whom to tell of callers that hung up before they had an answer; None: nobody, and the work is finished for no one."""
        return self.door.hung_up if self.workers.capacity.heed_hangups else None

    async def work(self) -> None:
        """The service's work in the background. An error ends the node, and is noted first."""
        try:
            if REGISTRY in self.node.callees:
                await self._work_listed()
            else:
                await self.service.run(self.workers)
        except Exception as error:
            self.node.note(f"background work ended: {error!r}", "error")
            raise

    async def _work_listed(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stay_registered, self.node)
            nursery.start_soon(self.service.run, self.workers)


def staffed(node: Node) -> StaffedNode:
    """What the node's spec asks for, opened for the first time or again."""
    kind = KINDS[node.spec.kind]
    settings = from_plain(kind.settings, node.spec.settings)
    workers = Workers(node, settings)
    service = kind.make(node, settings)
    return StaffedNode(node=node, service=service, workers=workers, door=Door(node, service, workers))
