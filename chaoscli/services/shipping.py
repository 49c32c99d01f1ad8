"""Shipping: takes orders off the broker at its own pace and sends them out.

A broker delivers at least once. An idempotent shipping looks up whether the order has left already; one that is not sends it
out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaoscli.compact import compact
from chaoscli.faults.base import BadSetting
from chaoscli.messages import Headers, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.consumer import MOST_CONSUMERS, Consumer
from chaoscli.services.fields import BadInputError, Fields
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import reply, segments, unknown
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = ("POST /api/shipments", "GET /api/shipments/{order}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingSettings(Capacity):
    """How it works off the orders."""

    # Twenty a second with one pair of hands: slower than the shop sells, so that a queue can be seen to do its work.
    service_time: Seconds = setting("how long packing one order takes, on average", 0.05)
    topic: str = setting("the topic the orders are on", "orders")
    group: str | None = setting(
        "its group of consumers: every group gets each message, and those in one share them; none: the usual one", None
    )
    consumers: int = setting("orders packed at once", 4, minimum=1)
    idempotent: bool = setting("look up whether an order has been sent already; false sends it again each time it comes", True)

    def __post_init__(self) -> None:
        if self.consumers > MOST_CONSUMERS:
            raise BadSetting("consumers", f"is {self.consumers}; each keeps a connection to the broker, {MOST_CONSUMERS} at most")


class Shipping(Service):
    """Works off a joined ``broker``. Shipments are rows of its database."""

    parameters = ()

    def __init__(self, node: Node, settings: ShippingSettings) -> None:
        self._node = node
        self._settings = settings
        self._database = node.database("shipments")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS shipments (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,"
            " product TEXT NOT NULL, quantity INTEGER NOT NULL, customer TEXT NOT NULL)"
        )
        self._database.execute("CREATE INDEX IF NOT EXISTS by_order ON shipments (id)")

    async def run(self, workers: Workers) -> None:
        settings = self._settings
        if "broker" in self._node.callees:
            consumer = Consumer(
                node=self._node,
                broker="broker",
                topic=settings.topic,
                group=settings.group,
                consumers=settings.consumers,
                read=_delivered,
            )
            await consumer.run(workers, self.cost, self.handle)

    async def handle(self, request: Request) -> Response:
        try:
            match request.method, segments(request):
                case "POST", ["api", "shipments"]:
                    return self._ship(request)
                case "GET", ["api", "shipments", order]:
                    return reply(200, {"orderId": order, "shipments": self._shipped(order)})
        except BadInputError as error:
            return error.reply()
        return unknown(request, PLACES)

    def _ship(self, request: Request) -> Response:
        said = Fields(request, "orderId", "productId", "quantity", "customerId")
        order = said.text("orderId")
        values = (order, said.text("productId"), said.quantity("quantity"), said.text("customerId"))
        with transaction(self._database):
            repeated = self._settings.idempotent and self._shipped(order) > 0
            if not repeated:
                self._database.execute("INSERT INTO shipments (id, product, quantity, customer) VALUES (?, ?, ?, ?)", values)
        what = "shipment repeated" if repeated else "shipped"
        self._node.happened(what, request, order=order, product=values[1], quantity=values[2], key=order)
        return reply(200, {"orderId": order, "status": "SHIPPED"})

    def _shipped(self, order: str) -> int:
        return int(self._database.execute("SELECT count(*) FROM shipments WHERE id = ?", (order,)).fetchone()[0])


def _delivered(headers: Headers, message: Any) -> Request:
    """What an order says of itself on the broker is what shipping is asked."""
    body = compact(message).encode()
    return Request(method="POST", target="/api/shipments", headers=headers, body=body)
