"""The shop in one program: the same answers as from services, no calls between its parts, and one fate, or a bulkhead each."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from chaoscli.events import Answered, Arrived, CallStarted, Refused
from chaoscli.faults.base import BadSetting
from chaoscli.messages import Result
from chaoscli.services.inventory import InventorySettings
from chaoscli.services.monolith import ModularMonolithSettings, MonolithSettings
from chaoscli.services.order import OrderSettings
from chaoscli.services.payment import PaymentSettings
from tests.services.shop import Shop

KINDS = ("monolith", "modular-monolith")
ORDER = {"productId": "BOOK-001", "quantity": 2, "customerId": "CUST-1"}
CHECK = "/api/inventory/check/BOOK-001"
CALLS_BANK = {"bank": {"timeout": None}}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_goes_through_all_its_steps_without_a_call(kind: str, autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("shop", kind)
    status, said = await shop.ask("shop", "POST", "/api/orders", ORDER, request="r1")
    assert (status, said["status"]) == (200, "CREATED")
    facts = [(what, request) for what, request, _ in shop.happened() if what != "stocked"]
    assert facts == [("stock reserved", "r1"), ("priced", "r1"), ("charged", "r1"), ("order created", "r1")]
    assert [event for event in shop.events if isinstance(event, CallStarted)] == []
    # What goes on inside is one request at one node.
    assert len([event for event in shop.events if isinstance(event, Arrived | Answered)]) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_it_answers_what_the_services_answer(kind: str, autojump_clock: MockClock) -> None:
    whole, parts = Shop(), Shop()
    whole.open("shop", kind)
    for name in ("user", "inventory", "pricing", "payment", "order"):
        parts.open(name, name)
    for name, method, target, body in (
        ("inventory", "GET", CHECK, None),
        ("user", "GET", "/api/users/validate/NOBODY", None),
        ("pricing", "GET", "/api/prices/BOOK-002?quantity=3", None),
        ("payment", "POST", "/payment/charge", {"userId": "C", "amount": -1}),
        ("order", "POST", "/api/orders", {**ORDER, "quantity": 0}),
        ("inventory", "BREW", CHECK, None),
    ):
        assert await whole.ask("shop", method, target, body) == await parts.ask(name, method, target, body)
    assert (await whole.ask("shop", "GET", "/elsewhere"))[0] == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_without_customer_stock_or_money_is_rejected_as_ever(kind: str, autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("shop", kind, payment={"service_time": 0.0}, user={"blocked": ["CUST-2"]})
    messages = [
        (await shop.ask("shop", "POST", "/api/orders", {**ORDER, **change}))[1]["message"]
        for change in ({"customerId": "CUST-2"}, {"productId": "BOOK-003"})
    ]
    assert messages == ["Customer not valid: Customer is blocked", "Product not available: Insufficient stock"]


async def test_work_takes_the_time_of_every_module_it_goes_through(autojump_clock: MockClock) -> None:
    took: list[float] = []
    for kind in KINDS:
        shop = Shop()
        shop.open("shop", kind, order={"service_time": 0.1}, inventory={"service_time": 0.01})
        began = trio.current_time()
        await shop.ask("shop", "POST", "/api/orders", ORDER)
        took.append(round(trio.current_time() - began, 6))
    # Order once, inventory for the check and for the reservation, user, pricing and payment 5 ms each, by default.
    assert took == [0.135, 0.135]


async def hanging_orders(shop: Shop, nursery: trio.Nursery, count: int) -> None:
    for number in range(count):
        nursery.start_soon(shop.ask, "shop", "POST", "/api/orders", {**ORDER, "quantity": 1, "customerId": f"CUST-{number}"})
    await trio.sleep(1)


async def test_in_a_monolith_those_who_wait_for_the_bank_take_the_workers_of_all(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.broken["bank"] = Result.TIMEOUT
    shop.open("shop", "monolith", calls=CALLS_BANK, workers=4, queue=2)
    async with trio.open_nursery() as nursery:
        await hanging_orders(shop, nursery, 6)
        assert (await shop.ask("shop", "GET", CHECK))[0] == 503
        nursery.cancel_scope.cancel()


async def test_in_a_modular_one_only_those_who_need_the_bank_wait_for_it(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.broken["bank"] = Result.TIMEOUT
    shop.open("shop", "modular-monolith", calls=CALLS_BANK, payment={"workers": 4, "queue": 1})
    async with trio.open_nursery() as nursery:
        await hanging_orders(shop, nursery, 6)
        assert (await shop.ask("shop", "GET", CHECK))[0] == 200
        nursery.cancel_scope.cancel()
    # The sixth found payment full, and was told so at once.
    assert [event.reason for event in shop.events if isinstance(event, Refused)] == ["queue full"]


async def test_a_slow_program_is_slow_in_every_module(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("shop", "monolith", inventory={"service_time": 0.1}).slower_by = 5.0
    began = trio.current_time()
    await shop.ask("shop", "GET", CHECK)
    assert trio.current_time() - began == pytest.approx(0.5)


def test_a_module_has_no_workers_where_all_share_them_and_no_door_of_its_own_anywhere() -> None:
    with pytest.raises(BadSetting, match="payment has workers of its own, and there is one for the whole program"):
        MonolithSettings(payment=PaymentSettings(workers=4))
    with pytest.raises(BadSetting, match="order has tls of its own, and the program has one door for all of them"):
        ModularMonolithSettings(order=OrderSettings(tls=True))
    ModularMonolithSettings(payment=PaymentSettings(workers=4, queue=1))
    MonolithSettings(inventory=InventorySettings(service_time=0.1, distribution="exponential", stock={"X": 1}))
