"""An order of many services: what it asks, what it leaves behind when a step fails, and what a crash in the middle leaves."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.messages import Result
from tests.services.shop import Shop

ONE = {"productId": "BOOK-001", "quantity": 2, "customerId": "CUST-1"}
QUICK: dict[str, Any] = {"timeout": 1.0}


def whole_shop(folder: Path | None = None, *, broker: bool = False, **settings: Any) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    callees = ["user", "inventory", "pricing", "payment", *(["broker"] if broker else [])]
    for kind in callees:
        shop.open(kind, kind)
    shop.open("order", "order", calls=dict.fromkeys(callees, QUICK), **settings)
    return shop


async def order(shop: Shop, body: Any = ONE, *, key: str = "", request: str = "r-1") -> tuple[int, Any]:
    headers = (("idempotency-key", key),) if key else ()
    return await shop.ask("order", "POST", "/api/orders", body, request=request, headers=headers)


def rejected(message: str) -> dict[str, Any]:
    return {"orderId": None, "status": "REJECTED", "message": message}


def facts(shop: Shop) -> list[str]:
    return [what for what, _request, _data in shop.happened() if what not in ("stocked", "told again")]


async def stock(shop: Shop) -> int:
    _status, said = await shop.ask("inventory", "GET", "/api/inventory/check/BOOK-001")
    return int(said["currentStock"])


# -- the story -------------------------------------------------------------------------------------------------------------------


async def test_an_order_validates_reserves_prices_charges_and_tells_the_broker() -> None:
    shop = whole_shop(broker=True)
    status, said = await order(shop, {**ONE, "productId": "BOOK-002"})
    assert (status, said["status"]) == (200, "CREATED")
    assert [(callee, request.target) for callee, request in shop.heard] == [
        ("user", "/api/users/validate/CUST-1"),
        ("inventory", "/api/inventory/check/BOOK-002?quantity=2"),
        ("inventory", "/api/inventory/reserve/BOOK-002?quantity=2"),
        ("pricing", "/api/prices/BOOK-002?quantity=2"),
        ("payment", "/payment/charge"),
        ("broker", "/topics/orders"),
    ]
    assert shop.heard[4][1].body == b'{"userId":"CUST-1","amount":70}'
    event = b'{"orderId":"%s","productId":"BOOK-002","quantity":2,"customerId":"CUST-1"}' % said["orderId"].encode()
    assert shop.heard[5][1].body == event
    assert facts(shop) == ["stock reserved", "priced", "charged", "order created", "published"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({**ONE, "customerId": "MALLORY"}, "Customer not valid: Customer not found"),
        ({**ONE, "coupon": "X"}, "unknown field 'coupon'; there are productId, quantity, customerId and card"),
        ({**ONE, "card": "4111 1111 1111 1111"}, "card must be a card number of 13 to 19 digits"),
        ({**ONE, "customerId": "C" * 257}, "customerId must have at most 256 characters"),
    ],
)
async def test_an_order_that_cannot_be_is_rejected_before_anything_is_done(body: Any, message: str) -> None:
    shop = whole_shop()
    assert await order(shop, body) == (400, rejected(message))
    assert facts(shop) == []


@pytest.mark.parametrize(
    ("callee", "begins"),
    [
        ("user", "Customer not valid: User"),
        ("inventory", "Product not available: Inventory"),
        ("pricing", "Price not available: Pricing"),
        ("payment", "Payment failed: Payment"),
    ],
)
async def test_each_service_that_fails_is_named(callee: str, begins: str) -> None:
    shop = whole_shop()
    shop.broken[callee] = Result.REFUSED
    assert await order(shop) == (400, rejected(f"{begins} service unavailable"))
    shop = whole_shop()
    shop.answer(callee, 500, b"{}")
    assert await order(shop) == (400, rejected(f"{begins} service error"))


async def test_one_request_that_comes_twice_makes_two_orders_without_a_key() -> None:
    shop = whole_shop()
    first, second = await order(shop), await order(shop)
    assert first[0] == second[0] == 200
    assert first[1]["orderId"] != second[1]["orderId"]


async def test_an_order_with_a_key_is_made_once_beyond_the_death_of_the_service(tmp_path: Path) -> None:
    shop = whole_shop(tmp_path)
    first = await order(shop, key="k")
    again = whole_shop(tmp_path)
    assert await order(again, key="k", request="r-2") == first
    assert facts(again) == ["order recovered"]


async def test_a_rejection_is_remembered_under_its_key() -> None:
    shop = whole_shop()
    shop.broken["payment"] = Result.REFUSED
    first = await order(shop, key="k")
    del shop.broken["payment"]
    assert await order(shop, key="k") == first == (400, rejected("Payment failed: Payment service unavailable"))


async def test_a_key_that_is_being_worked_on_is_told_so(autojump_clock: MockClock) -> None:
    shop = whole_shop(service_time=0.0)
    shop.broken["payment"] = Result.TIMEOUT
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(order, shop, key="k"))
        await trio.sleep(0.5)
        assert await order(shop, key="k") == (409, rejected("Order is being processed"))


# -- compensation ----------------------------------------------------------------------------------------------------------------


async def test_without_compensation_a_failed_payment_leaves_the_stock_taken() -> None:
    shop = whole_shop()
    shop.broken["payment"] = Result.REFUSED
    await order(shop)
    assert (facts(shop), await stock(shop)) == (["stock reserved", "priced"], 98)


async def test_compensation_at_once_puts_back_what_a_declined_payment_leaves() -> None:
    shop = whole_shop(compensation="at_once")
    shop.open("bank", "bank", limit=1)
    shop.open("payment", "payment", calls={"bank": QUICK})
    assert await order(shop) == (400, rejected("Payment failed: Payment service error"))
    assert (facts(shop), await stock(shop)) == (["stock reserved", "priced", "stock released", "order undone"], 100)


async def test_a_charge_whose_answer_was_lost_is_given_back() -> None:
    shop = whole_shop(compensation="at_once")
    shop.answers_lost["payment"] = 1  # it does the work, and its answer is lost
    assert await order(shop) == (400, rejected("Payment failed: Payment service unavailable"))
    assert facts(shop) == ["stock reserved", "priced", "charged", "refunded", "stock released", "order undone"]


async def test_nothing_is_undone_where_nothing_was_done() -> None:
    shop = whole_shop(compensation="at_once")
    assert await order(shop, {**ONE, "quantity": 101}) == (400, rejected("Product not available: Insufficient stock"))
    assert [request.method for _callee, request in shop.heard] == ["GET", "GET"]


async def test_compensation_at_once_gives_up_when_undoing_fails() -> None:
    shop = whole_shop(compensation="at_once")
    shop.broken["payment"] = Result.REFUSED
    await order(shop)
    assert facts(shop) == ["stock reserved", "priced", "stock released"]


async def test_durable_compensation_undoes_until_all_is_undone(autojump_clock: MockClock) -> None:
    shop = whole_shop(compensation="durable")
    shop.broken["payment"] = Result.REFUSED
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "order")
        assert (await order(shop))[0] == 400
        await trio.sleep(1)
        assert facts(shop) == ["stock reserved", "priced", "stock released"]
        del shop.broken["payment"]
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert facts(shop) == ["stock reserved", "priced", "stock released", "order undone"]


@pytest.mark.parametrize(
    ("hung", "left"),
    [
        ("pricing", ["stock released", "order undone"]),
        ("payment", ["stock released", "order undone"]),
    ],
)
async def test_what_a_killed_service_left_half_done_is_undone_by_its_next_life(
    hung: str, left: list[str], tmp_path: Path, autojump_clock: MockClock
) -> None:
    shop = whole_shop(tmp_path, compensation="durable")
    shop.broken[hung] = Result.TIMEOUT
    with trio.move_on_after(0.5):
        await order(shop, key="k")
    assert "stock reserved" in facts(shop)
    after = whole_shop(tmp_path, compensation="durable")
    assert await order(after, key="k") == (409, rejected("Order is being processed"))
    async with trio.open_nursery() as nursery:
        after.run(nursery, "order")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert (facts(after), await stock(after)) == (left, 100)
    assert await order(after, key="k") == (400, rejected("Order was interrupted"))


# -- the outbox ------------------------------------------------------------------------------------------------------------------


async def test_written_and_then_told_an_event_is_lost_with_its_broker() -> None:
    shop = whole_shop(broker=True)
    shop.broken["broker"] = Result.REFUSED
    assert (await order(shop))[0] == 200
    assert facts(shop)[-2:] == ["order created", "order not published"]


async def test_an_outbox_tells_the_broker_when_it_is_back_and_after_a_crash(tmp_path: Path, autojump_clock: MockClock) -> None:
    shop = whole_shop(tmp_path, broker=True, outbox=True)
    shop.broken["broker"] = Result.REFUSED
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "order")
        assert [(await order(shop, request=name))[0] for name in ("r-1", "r-2")] == [200, 200]
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert "published" not in facts(shop)
    after = whole_shop(tmp_path, broker=True, outbox=True)
    async with trio.open_nursery() as nursery:
        after.run(nursery, "order")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert [(what, request) for what, request, _data in after.happened() if what != "told again"] == [
        ("order recovered", "r-1"), ("order recovered", "r-2"), ("published", "r-1"), ("published", "r-2"),
    ]  # fmt: skip
