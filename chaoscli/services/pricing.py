"""Pricing: what a line of an order costs, and how often that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.fields import LONGEST_TEXT
from chaoscli.services.node import Node
from chaoscli.services.replies import MOST_QUANTITY, query, reply, segments, unknown, whole_number
from chaoscli.services.work import Capacity
from chaoscli.settings import setting

PRICES: Mapping[str, int] = {"BOOK-001": 20, "BOOK-002": 35, "BOOK-003": 50}
PLACES = ("GET /api/prices/{product}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingSettings(Capacity):
    """What things cost, in whole pieces of money."""

    prices: Mapping[str, int] | None = setting(
        "what one piece of each product costs; none: 20 for BOOK-001, 35 for BOOK-002, 50 for BOOK-003", None
    )

    def __post_init__(self) -> None:
        for product, price in (self.prices or {}).items():
            if not 1 <= price <= MOST_QUANTITY:
                raise BadSetting("prices", f"has {price} for '{product}'; a price is from 1 to {MOST_QUANTITY}")


class Pricing(Service):
    """Tells every line it priced, so that a run can count how often the same thing was asked."""

    parameters = ("quantity",)

    def __init__(self, node: Node, settings: PricingSettings) -> None:
        self._node = node
        self._prices = PRICES if settings.prices is None else settings.prices

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["api", "prices", product]:
                return self._price(request, product)
        return unknown(request, PLACES)

    def _price(self, request: Request, product: str) -> Response:
        quantity = whole_number(query(request, "quantity", "1"))
        if quantity is None:
            return reply(400, {"error": "quantity must be a whole number of at least 1"})
        price = self._prices.get(product)
        if price is None:
            return reply(404, {"error": f"{product[:LONGEST_TEXT]} has no price"})
        total = price * quantity
        self._node.happened("priced", request, product=product, quantity=quantity, total=total)
        return reply(200, {"productId": product, "quantity": quantity, "price": price, "total": total})
