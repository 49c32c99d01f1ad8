"""Every kind of service there is: its settings, what makes one, and what it is in a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaoscli.services.base import Service
from chaoscli.services.inventory import Inventory, InventorySettings
from chaoscli.services.node import Node
from chaoscli.services.order import Order, OrderSettings
from chaoscli.services.work import Capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKind:
    """``make`` takes the node and an instance of ``settings``, which always extends ``Capacity``."""

    settings: type[Capacity]
    make: Callable[[Node, Any], Service]
    doc: str


KINDS: dict[str, ServiceKind] = {
    "order": ServiceKind(
        settings=OrderSettings, make=Order, doc="takes orders: POST /api/orders; calls inventory and payment, if joined to them"
    ),
    "inventory": ServiceKind(
        settings=InventorySettings, make=Inventory, doc="knows the stock: GET /api/inventory/check/..., POST .../reserve/..."
    ),
}
