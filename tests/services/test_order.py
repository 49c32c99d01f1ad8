from __future__ import annotations

import json
import re
from typing import Any

import pytest
from trio.testing import MockClock

from chaoscli.messages import REQUEST_ID, Result
from tests.services.shop import Shop

ONE = {"productId": "BOOK-001", "quantity": 1, "customerId": "CUST-1"}


def rejected(message: str) -> tuple[int, Any]:
    return 400, {"orderId": None, "status": "REJECTED", "message": message}


def opened(*, payment: bool = False, **settings: Any) -> Shop:
    shop = Shop()
    shop.open("inventory", "inventory")
    shop.open("payment", "payment")
    calls: dict[str, dict[str, Any]] = {"inventory": {}}
    if payment:
        calls["payment"] = {}
    shop.open("order", "order", calls=calls, **settings)
    return shop


async def order(shop: Shop, body: Any = ONE) -> tuple[int, Any]:
    return await shop.ask("order", "POST", "/api/orders", body, request="r-1")


async def test_an_order_is_created_and_takes_from_the_stock() -> None:
    shop = opened()
    status, said = await order(shop)
    assert (status, said["status"], said["message"]) == (200, "CREATED", "Order created successfully")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", said["orderId"])
    assert shop.happened()[3:] == [
        ("stock reserved", "r-1", {"product": "BOOK-001", "quantity": 1, "left": 99}),
        ("order created", "r-1", {"order": said["orderId"], "product": "BOOK-001", "quantity": 1}),
    ]


async def test_the_same_seed_and_request_give_the_same_order_id() -> None:
    assert await order(opened()) == await order(opened())


async def test_the_inventory_is_asked_first_and_then_reserved_from_under_the_same_request() -> None:
    shop = opened()
    await order(shop)
    assert [(callee, request.method, request.target, request.header(REQUEST_ID)) for callee, request in shop.heard] == [
        ("inventory", "GET", "/api/inventory/check/BOOK-001?quantity=1", "r-1"),
        ("inventory", "POST", "/api/inventory/reserve/BOOK-001?quantity=1", "r-1"),
    ]


async def test_an_order_that_only_asks_takes_nothing() -> None:
    shop = opened(reserve=False)
    status, said = await order(shop)
    assert (status, said["status"], len(shop.heard)) == (200, "CREATED", 1)
    assert shop.happened("stock reserved") == []


@pytest.mark.parametrize(
    ("product", "quantity", "message"),
    [
        ("BOOK-001", 101, "Product not available: Insufficient stock"),
        ("BOOK-003", 1, "Product not available: Insufficient stock"),
        ("BOOK-009", 1, "Product not available: Product not found"),
        ("../../actuator/health?", 1, "Product not available: Product not found"),
    ],
)
async def test_what_is_not_there_cannot_be_ordered(product: str, quantity: int, message: str) -> None:
    body = {"productId": product, "quantity": quantity, "customerId": "CUST-1"}
    assert await order(opened(), body) == rejected(message)


@pytest.mark.parametrize("result", [Result.REFUSED, Result.RESET])
async def test_an_inventory_that_cannot_be_reached_is_unavailable(result: Result) -> None:
    shop = opened()
    shop.broken["inventory"] = result
    assert await order(shop) == rejected("Product not available: Inventory service unavailable")


async def test_an_inventory_that_does_not_answer_in_time_is_unavailable(autojump_clock: MockClock) -> None:
    shop = opened()
    shop.broken["inventory"] = Result.TIMEOUT
    assert await order(shop) == rejected("Product not available: Inventory service unavailable")
    assert shop.nodes["order"].now() == 5.0  # the default timeout


@pytest.mark.parametrize("body", [b"", b"oops", b"[1]", b'{"available":1}', b'{"available":"yes"}'])
async def test_an_inventory_that_makes_no_sense_is_in_error(body: bytes) -> None:
    shop = opened()
    shop.answer("inventory", 200, body)
    assert await order(shop) == rejected("Product not available: Inventory service error")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_an_inventory_that_answers_with_an_http_error_is_in_error(status: int) -> None:
    shop = opened()
    shop.answer("inventory", status, b'{"available":true}')
    assert await order(shop) == rejected("Product not available: Inventory service error")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body must be a JSON object with productId, quantity and customerId"),
        (b"{", "The body must be a JSON object with productId, quantity and customerId"),
        (b"[" * 100_000, "The body must be a JSON object with productId, quantity and customerId"),
        (b"\xff", "The body must be a JSON object with productId, quantity and customerId"),
        ([], "The body must be a JSON object with productId, quantity and customerId"),
        ({"quantity": 1, "customerId": "C"}, "productId must be a text"),
        ({"productId": "", "quantity": 1, "customerId": "C"}, "productId must be a text"),
        ({"productId": "B", "customerId": "C"}, "quantity must be a whole number of at least 1"),
        ({"productId": "B", "quantity": 0, "customerId": "C"}, "quantity must be a whole number of at least 1"),
        ({"productId": "B", "quantity": True, "customerId": "C"}, "quantity must be a whole number of at least 1"),
        ({"productId": "B", "quantity": "1", "customerId": "C"}, "quantity must be a whole number of at least 1"),
        ({"productId": "B", "quantity": 10**400, "customerId": "C"}, "quantity must be a whole number of at least 1"),
        ({"productId": "B", "quantity": 1}, "customerId must be a text"),
    ],
)
async def test_an_order_that_cannot_be_read_is_rejected(body: Any, message: str) -> None:
    shop = opened()
    assert await order(shop, body) == rejected(message)
    assert shop.heard == []


# -- payment ---------------------------------------------------------------------------------------------------------------------


async def test_a_joined_payment_is_charged_after_the_stock_was_taken() -> None:
    shop = opened(payment=True, price=15)
    assert (await order(shop, {**ONE, "quantity": 3}))[0] == 200
    callee, request = shop.heard[-1]
    assert (callee, request.method, request.target) == ("payment", "POST", "/payment/charge")
    assert json.loads(request.body) == {"userId": "CUST-1", "amount": 45}
    assert request.header("idempotency-key") == ""


async def test_the_key_of_a_charge_is_the_request() -> None:
    shop = opened(payment=True, idempotency_key=True)
    await order(shop)
    assert shop.heard[-1][1].header("idempotency-key") == "r-1"


async def test_a_payment_that_fails_rejects_the_order() -> None:
    shop = opened(payment=True)
    shop.broken["payment"] = Result.REFUSED
    assert await order(shop) == rejected("Payment failed: Payment service unavailable")
    shop = opened(payment=True)
    shop.answer("payment", 503, b"{}")
    assert await order(shop) == rejected("Payment failed: Payment service error")


# -- fallback --------------------------------------------------------------------------------------------------------------------


async def test_an_order_made_from_what_was_known_before_says_so() -> None:
    shop = Shop()
    shop.open("inventory", "inventory")
    shop.open("order", "order", calls={"inventory": {"fallback": "last_good"}}, reserve=False)
    fresh = await shop.ask_raw("order", "POST", "/api/orders", ONE)
    shop.broken["inventory"] = Result.RESET
    known = await shop.ask_raw("order", "POST", "/api/orders", ONE)
    assert [(reply.status, reply.header("x-served-as")) for reply in (fresh, known)] == [(200, ""), (200, "fallback")]


async def test_nothing_but_orders_is_served() -> None:
    shop = opened()
    assert await shop.ask("order", "GET", "/api/orders") == (405, {"error": "/api/orders takes POST"})
    assert await shop.ask("order", "POST", "/api/order") == (
        404,
        {"error": "nothing at /api/order", "known": ["POST /api/orders"]},
    )
