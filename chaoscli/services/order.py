"""Order: checks the customer and the stock, takes from it, charges, writes the order down, tells the broker; and says in plain
words what stood in the way.

An order of several services is a saga (Garcia-Molina and Salem, 1987): no transaction spans them, so a step that fails leaves
those before it done unless each is undone again. How far that is taken is a setting; so is whether the broker is told from an
outbox, or after the fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal
from urllib.parse import quote

import trio

from chaoscli.messages import ATTEMPT, IDEMPOTENCY_KEY, REQUEST_ID, TRACE_PARENT, CallError, Headers, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.fields import BadInputError, Fields, key_of
from chaoscli.services.node import Node
from chaoscli.services.order_book import Order as Entry
from chaoscli.services.order_book import OrderBook
from chaoscli.services.replies import json_value, passed_on, reply, segments, unknown
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting

PLACES = ("POST /api/orders",)
# Between two rounds of undoing, or of telling the broker, when the last one met a failure.
PAUSE_AFTER_FAILURE_S = 0.1
# Each is a call or two: enough that those who were charged in a second are given back in about one, and no storm.
UNDONE_AT_ONCE = 8
# What a killed service may have done and not told; a node tells within milliseconds, which is far fewer orders.
TOLD_AGAIN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings(Capacity):
    """What an order involves, besides asking whether there is stock."""

    reserve: bool = setting("take the ordered pieces from the stock; false only asks whether there are enough", True)
    price: int = setting("what one piece costs, in a shop without pricing", 20, minimum=1)
    idempotency_key: bool = setting("send the payment an Idempotency-Key, so that a second try cannot charge twice", False)
    compensation: Literal["none", "at_once", "durable"] = setting(
        "when a later step fails: none leaves the earlier ones done; at_once tries to undo them, once, before it answers;"
        " durable writes the order down before the first step and undoes until all is undone, also after a crash",
        "none",
    )
    topic: str = setting("the topic a joined broker is told of each order on", "orders")
    outbox: bool = setting(
        "write what the broker is to be told with the order, and send it until the broker has it; false tells it once,"
        " after the order was written",
        False,
    )


class _RejectedError(Exception):
    """The order cannot be; the message is what the customer is told."""


class _Saga:
    """One order while its steps are taken: what has been used for it, what was charged, and whether something might have to be
    undone. The ``card`` is for payment, and is forgotten with this."""

    def __init__(self, request: Request, entry: Entry, card: str) -> None:
        self.request = request
        self.entry = entry
        self.card = card
        self.charged: int | None = None
        self.used: list[Response] = []
        self.to_undo = False


class Order(Service):
    """Calls ``user``, ``inventory``, ``pricing``, ``payment`` and ``broker``, those of them that its node is joined to."""

    parameters = ()

    def __init__(self, node: Node, settings: OrderSettings) -> None:
        self._node = node
        self._settings = settings
        self._book = OrderBook(node.database("orders"))
        self._under_way: set[str] = set()
        self._more_to_undo = trio.Event()
        self._more_to_tell = trio.Event()
        self._asked_again = count(1)
        self._book.give_up_pending("Order was interrupted")
        for entry in self._book.latest_created(TOLD_AGAIN):
            node.happened("order recovered", entry.request, order=entry.id, product=entry.product, quantity=entry.quantity)

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "POST", ["api", "orders"]:
                return await self._create(request)
        return unknown(request, PLACES)

    async def run(self, workers: Workers) -> None:
        """What is left to undo and to tell, of this life and of former ones."""
        async with trio.open_nursery() as nursery:
            if self._settings.compensation == "durable":
                nursery.start_soon(self._keep_undoing)
            if self._settings.outbox and "broker" in self._node.callees:
                nursery.start_soon(self._keep_telling)

    # -- one order ---------------------------------------------------------------------------------------------------------

    async def _create(self, request: Request) -> Response:
        try:
            said = Fields(request, "productId", "quantity", "customerId", optional=("card",))
            card = said.card("card")
            product, quantity, customer = said.text("productId"), said.quantity("quantity"), said.text("customerId")
            key = key_of(request)
        except BadInputError as error:
            return _rejected(400, str(error))
        name = self._name(request, key)
        known = self._answer_known(name) if key else None
        if known is not None:
            return known
        names = {"request": request.header(REQUEST_ID), "trace": request.header(TRACE_PARENT)}
        entry = Entry(id=name, product=product, quantity=quantity, customer=customer, **names)
        self._under_way.add(name)
        try:
            return await self._carry_out(_Saga(request, entry, card))
        finally:
            self._under_way.discard(name)

    def _name(self, request: Request, key: str | None) -> str:
        """The order's id: of a key always the same; of a request that comes twice without one, another each time."""
        if key:
            return self._node.uuid("order by key", key)
        names = [request.header(name) for name in (REQUEST_ID, ATTEMPT, TRACE_PARENT)]
        name = self._node.uuid("order", *names)
        for number in count(2):
            if name not in self._under_way and self._book.state(name) is None:
                break
            name = self._node.uuid("order", *names, number)
        return name

    def _answer_known(self, name: str) -> Response | None:
        """What the same key was answered before; None when this is its first request."""
        state, message = self._book.state(name) or ("", "")
        if state == "created":
            return _created(name)
        if state == "rejected":
            return _rejected(400, message)
        return _rejected(409, "Order is being processed") if state or name in self._under_way else None

    async def _carry_out(self, saga: _Saga) -> Response:
        entry = saga.entry
        try:
            await self._take_steps(saga)
        except _RejectedError as rejected:
            await self._give_up(saga, str(rejected))
            return _rejected(400, str(rejected))
        told_by_outbox = self._settings.outbox and "broker" in self._node.callees
        self._book.create(entry, to_outbox=told_by_outbox)
        self._node.happened(
            "order created", saga.request, order=entry.id, product=entry.product, quantity=entry.quantity,
            **({} if saga.charged is None else {"amount": saga.charged}), **_named(saga.request),
        )  # fmt: skip
        if told_by_outbox:
            self._more_to_tell.set()
        elif "broker" in self._node.callees and not await self._tell_broker(entry):
            self._node.happened("order not published", saga.request, order=entry.id)
        return _created(entry.id, passed_on(*saga.used))

    async def _take_steps(self, saga: _Saga) -> None:
        place = f"{quote(saga.entry.product, safe='')}?quantity={saga.entry.quantity}"
        callees = self._node.callees
        if "user" in callees:
            await self._validate_user(saga)
        if "inventory" in callees:
            await self._ask_inventory(saga, "GET", f"/api/inventory/check/{place}")
            if self._settings.reserve:
                await self._reserve(saga, place)
        amount = saga.entry.quantity * self._settings.price
        if "pricing" in callees:
            amount = await self._ask_price(saga, place)
        if "payment" in callees:
            await self._charge(saga, amount)

    # -- the steps ---------------------------------------------------------------------------------------------------------

    async def _validate_user(self, saga: _Saga) -> None:
        target = f"/api/users/validate/{quote(saga.entry.customer, safe='')}"
        answer, said = await self._ask(saga, "user", "GET", target, failed="Customer not valid: User service")
        if answer.status >= 400 or not isinstance(said.get("valid"), bool):
            raise _RejectedError("Customer not valid: User service error")
        if not said["valid"]:
            raise _RejectedError(f"Customer not valid: {said.get('message', '')}")

    async def _reserve(self, saga: _Saga, place: str) -> None:
        self._begin(saga)
        key = self._key(saga)
        headers = ((IDEMPOTENCY_KEY, key),) if key else ()
        await self._ask_inventory(saga, "POST", f"/api/inventory/reserve/{place}", headers)

    async def _ask_inventory(self, saga: _Saga, method: str, target: str, headers: Headers = ()) -> None:
        """A reply that says yes. An inventory that cannot be asked counts as one that has nothing left."""
        failed = "Product not available: Inventory service"
        answer, said = await self._ask(saga, "inventory", method, target, headers=headers, failed=failed)
        if not isinstance(said.get("available"), bool) or answer.status not in (200, 400):
            raise _RejectedError("Product not available: Inventory service error")
        if not said["available"]:
            saga.to_undo = False  # it says itself that nothing was taken
            raise _RejectedError(f"Product not available: {said.get('message', '')}")

    async def _ask_price(self, saga: _Saga, place: str) -> int:
        failed = "Price not available: Pricing service"
        answer, said = await self._ask(saga, "pricing", "GET", f"/api/prices/{place}", failed=failed)
        total = said.get("total")
        if answer.status >= 400 or not isinstance(total, int) or isinstance(total, bool) or total < 1:
            raise _RejectedError("Price not available: Pricing service error")
        return total

    async def _charge(self, saga: _Saga, amount: int) -> None:
        self._begin(saga)
        key = self._key(saga) or (saga.entry.request if self._settings.idempotency_key else "")
        headers = ((IDEMPOTENCY_KEY, key),) if key else ()
        bill = {"userId": saga.entry.customer, "amount": amount, **({"card": saga.card} if saga.card else {})}
        answer, _said = await self._ask(
            saga, "payment", "POST", "/payment/charge", json=bill, headers=headers, failed="Payment failed: Payment service"
        )
        if answer.status >= 400:
            raise _RejectedError("Payment failed: Payment service error")
        saga.charged = amount

    async def _ask(
        self, saga: _Saga, callee: str, method: str, target: str, *, failed: str, json: Any = None, headers: Headers = ()
    ) -> tuple[Response, Mapping[str, Any]]:
        """An answer and the object in it, if there is one; ``failed`` begins the sentence for when none came."""
        try:
            answer = await self._node.call(callee, method, target, json=json, headers=headers, cause=saga.request)
        except CallError as error:
            raise _RejectedError(f"{failed} unavailable") from error
        saga.used.append(answer)
        said = json_value(answer.body)
        return answer, said if isinstance(said, dict) else {}

    # -- undoing -----------------------------------------------------------------------------------------------------------

    def _key(self, saga: _Saga) -> str:
        """What the steps that can be undone are undone by; empty when nothing ever will be."""
        return "" if self._settings.compensation == "none" else saga.entry.id

    def _begin(self, saga: _Saga) -> None:
        """From here on the outcome of a step may be unknown, and counts as done until it is undone."""
        if self._settings.compensation == "durable" and not saga.to_undo:
            self._book.begin(saga.entry)
        saga.to_undo = True

    async def _give_up(self, saga: _Saga, message: str) -> None:
        durable = self._settings.compensation == "durable"
        if durable or saga.request.header(IDEMPOTENCY_KEY):
            self._book.reject(saga.entry, message, to_undo=durable and saga.to_undo)
        if durable:
            self._more_to_undo.set()
        elif saga.to_undo and self._settings.compensation == "at_once":
            await self._undo(saga.entry)

    async def _keep_undoing(self) -> None:
        while True:
            entries = self._book.undoing()
            if not entries:
                self._more_to_undo = trio.Event()
                await self._more_to_undo.wait()
            if not await self._undo_all(entries):
                await self._node.sleep(PAUSE_AFTER_FAILURE_S)

    async def _undo_all(self, entries: Sequence[Entry]) -> bool:
        """Some at once: one whose payment is slow must not keep the stock of all the others."""
        undone: list[bool] = []
        limit = trio.CapacityLimiter(UNDONE_AT_ONCE)

        async def undo(entry: Entry) -> None:
            async with limit:
                undone.append(await self._undo(entry))

        async with trio.open_nursery() as nursery:
            for entry in entries:
                nursery.start_soon(undo, entry)
        return all(undone)

    async def _undo(self, entry: Entry) -> bool:
        """Whether all that was done for the order is undone. Asked for twice it is the same as once."""
        key, product = (IDEMPOTENCY_KEY, entry.id), quote(entry.product, safe="")
        done = True
        if "payment" in self._node.callees:
            done = await self._says_yes("payment", "/payment/refund", entry, json={"key": entry.id})
        if "inventory" in self._node.callees and self._settings.reserve:
            done = await self._says_yes("inventory", f"/api/inventory/release/{product}", entry, headers=(key,)) and done
        if done:
            self._book.undone(entry)
            self._node.happened("order undone", entry.request, order=entry.id)
        return done

    # -- the broker --------------------------------------------------------------------------------------------------------

    async def _keep_telling(self) -> None:
        while True:
            entry = self._book.first_in_outbox()
            if entry is None:
                self._more_to_tell = trio.Event()
                await self._more_to_tell.wait()
            elif await self._tell_broker(entry):
                self._book.leave_outbox(entry)
            else:
                await self._node.sleep(PAUSE_AFTER_FAILURE_S)

    async def _tell_broker(self, entry: Entry) -> bool:
        """Whether the broker has it for good."""
        return await self._says_yes("broker", f"/topics/{quote(self._settings.topic, safe='')}", entry, json=entry.event)

    async def _says_yes(self, callee: str, target: str, entry: Entry, *, json: Any = None, headers: Headers = ()) -> bool:
        number = next(self._asked_again)  # each try rolls dice of its own, or what lost one would lose them all
        try:
            answer = await self._node.call(callee, "POST", target, json=json, headers=headers, cause=entry.cause, number=number)
        except CallError:
            return False
        return answer.status < 400


def _created(name: str, headers: Headers = ()) -> Response:
    return reply(200, {"orderId": name, "status": "CREATED", "message": "Order created successfully"}, headers)


def _rejected(status: int, message: str) -> Response:
    return reply(status, {"orderId": None, "status": "REJECTED", "message": message})


def _named(request: Request) -> dict[str, Any]:
    key = request.header(IDEMPOTENCY_KEY)
    return {"key": key} if key else {}
