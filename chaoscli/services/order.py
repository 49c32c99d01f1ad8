"""Order: asks the inventory, takes from it, charges the customer, and says in plain words what stood in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from chaoscli.messages import ATTEMPT, REQUEST_ID, TRACE_PARENT, CallError, Headers, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node
from chaoscli.services.replies import MOST_QUANTITY, json_object, json_value, passed_on, reply, segments, unknown
from chaoscli.services.work import Capacity
from chaoscli.settings import setting

PLACES = ("POST /api/orders",)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings(Capacity):
    """What an order involves, besides asking whether there is stock."""

    reserve: bool = setting("take the ordered pieces from the stock; false only asks whether there are enough", True)
    price: int = setting("what one piece costs", 20, minimum=1)
    idempotency_key: bool = setting("send the payment an Idempotency-Key, so that a second try cannot charge twice", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    product: str
    quantity: int
    customer: str


class _RejectedError(Exception):
    """The order cannot be; the message is what the customer is told."""


class Order(Service):
    """Calls ``inventory`` and ``payment``, those of them that its node is joined to."""

    def __init__(self, node: Node, settings: OrderSettings) -> None:
        self._node = node
        self._settings = settings

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "POST", ["api", "orders"]:
                return await self._create(request)
        return unknown(request, PLACES)

    async def _create(self, request: Request) -> Response:
        try:
            wish = _wish(json_object(request))
            used = [*await self._take_from_stock(request, wish), *await self._charge(request, wish)]
        except _RejectedError as rejected:
            return reply(400, {"orderId": None, "status": "REJECTED", "message": str(rejected)})
        names = [request.header(name) for name in (REQUEST_ID, ATTEMPT, TRACE_PARENT)]
        order = self._node.uuid("order", *names)
        self._node.happened("order created", request, order=order, product=wish.product, quantity=wish.quantity)
        value = {"orderId": order, "status": "CREATED", "message": "Order created successfully"}
        return reply(200, value, passed_on(*used))

    async def _take_from_stock(self, request: Request, wish: _Wish) -> list[Response]:
        if "inventory" not in self._node.callees:
            return []
        place = f"{quote(wish.product, safe='')}?quantity={wish.quantity}"
        check = await self._ask_inventory(request, "GET", f"/api/inventory/check/{place}")
        if not self._settings.reserve:
            return [check]
        return [check, await self._ask_inventory(request, "POST", f"/api/inventory/reserve/{place}")]

    async def _ask_inventory(self, request: Request, method: str, target: str) -> Response:
        """A reply that says yes. An inventory that cannot be asked counts as one that has nothing left."""
        try:
            answer = await self._node.call("inventory", method, target, cause=request)
        except CallError as error:
            raise _RejectedError("Product not available: Inventory service unavailable") from error
        said = json_value(answer.body)
        if not isinstance(said, dict) or not isinstance(said.get("available"), bool) or answer.status not in (200, 400):
            raise _RejectedError("Product not available: Inventory service error")
        if not said["available"]:
            raise _RejectedError(f"Product not available: {said.get('message', '')}")
        return answer

    async def _charge(self, request: Request, wish: _Wish) -> list[Response]:
        if "payment" not in self._node.callees:
            return []
        key: Headers = (("idempotency-key", request.header(REQUEST_ID)),) if self._settings.idempotency_key else ()
        bill = {"userId": wish.customer, "amount": wish.quantity * self._settings.price}
        try:
            answer = await self._node.call("payment", "POST", "/payment/charge", json=bill, headers=key, cause=request)
        except CallError as error:
            raise _RejectedError("Payment failed: Payment service unavailable") from error
        if answer.status >= 400:
            raise _RejectedError("Payment failed: Payment service error")
        return [answer]


def _wish(body: dict[str, Any] | None) -> _Wish:
    """What is ordered, from the request's JSON; booleans are not numbers here."""
    if body is None:
        raise _RejectedError("The body must be a JSON object with productId, quantity and customerId")
    product, quantity, customer = body.get("productId"), body.get("quantity"), body.get("customerId")
    if not isinstance(product, str) or not product:
        raise _RejectedError("productId must be a text")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= MOST_QUANTITY:
        raise _RejectedError("quantity must be a whole number of at least 1")
    if not isinstance(customer, str) or not customer:
        raise _RejectedError("customerId must be a text")
    return _Wish(product=product, quantity=quantity, customer=customer)
