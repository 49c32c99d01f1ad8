from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.faults.base import BadSetting
from chaoscli.services.shipping import ShippingSettings
from tests.services.shop import Shop

PARCEL = {"orderId": "o-1", "productId": "PEN", "quantity": 2, "customerId": "CUST-1"}
SHIPPED = (200, {"orderId": "o-1", "status": "SHIPPED"})


def opened(folder: Path | None = None, **settings: Any) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("broker", "broker", visibility=0.5)
    shop.open("shipping", "shipping", calls={"broker": {}}, **settings)
    return shop


async def ship(shop: Shop, body: Any = PARCEL) -> tuple[int, Any]:
    return await shop.ask("shipping", "POST", "/api/shipments", body, request="r-1")


def facts(shop: Shop) -> list[str]:
    return [what for what, _request, _data in shop.happened()]


async def work(shop: Shop, seconds: float) -> None:
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "shipping")
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()


async def test_an_order_is_sent_out_once_beyond_the_death_of_shipping(tmp_path: Path) -> None:
    shop = opened(tmp_path)
    assert [await ship(shop), await ship(shop)] == [SHIPPED] * 2
    assert shop.happened()[0] == ("shipped", "r-1", {"order": "o-1", "product": "PEN", "quantity": 2, "key": "o-1"})
    after = opened(tmp_path)
    assert await ship(after) == SHIPPED
    assert facts(shop) + facts(after) == ["shipped", "shipment repeated", "shipment repeated"]
    assert await after.ask("shipping", "GET", "/api/shipments/o-1") == (200, {"orderId": "o-1", "shipments": 1})


async def test_a_shipping_that_does_not_look_sends_it_out_again() -> None:
    shop = opened(idempotent=False)
    assert [await ship(shop), await ship(shop)] == [SHIPPED] * 2
    assert facts(shop) == ["shipped"] * 2


async def test_orders_are_taken_off_the_broker_at_shippings_own_pace(autojump_clock: MockClock) -> None:
    shop = opened(service_time=0.1, consumers=2)
    for number in range(6):
        await shop.ask("broker", "POST", "/topics/orders", {**PARCEL, "orderId": f"o-{number}"})
    await work(shop, 0.25)
    assert facts(shop).count("shipped") == 4  # two at once, a tenth of a second each
    await work(shop, 1.5)  # those that were cut off come back when they become visible again
    assert [facts(shop).count(what) for what in ("shipped", "acknowledged")] == [6, 6]


async def test_a_delivery_whose_acknowledgement_was_lost_is_recognised(autojump_clock: MockClock) -> None:
    shop = opened()
    await shop.ask("broker", "POST", "/topics/orders", PARCEL)
    shop.unheard["/topics/orders/ack/1"] = 1
    await work(shop, 1.0)
    assert facts(shop) == ["published", "delivered", "shipped", "delivered", "shipment repeated", "acknowledged"]


async def test_a_message_that_is_no_order_is_refused_and_comes_again(autojump_clock: MockClock) -> None:
    shop = opened()
    await shop.ask("broker", "POST", "/topics/orders", {"orderId": "o-1"})
    await work(shop, 0.7)
    assert facts(shop) == ["published", "delivered", "delivered"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ([], "The body must be a JSON object with orderId, productId, quantity and customerId"),
        ({**PARCEL, "orderId": ""}, "orderId must be a text"),
        ({**PARCEL, "quantity": 0}, "quantity must be a whole number of at least 1"),
        ({**PARCEL, "gift": True}, "unknown field 'gift'; there are orderId, productId, quantity and customerId"),
    ],
)
async def test_a_parcel_that_makes_no_sense_is_refused_with_its_reason(body: Any, error: str) -> None:
    shop = opened()
    assert await ship(shop, body) == (400, {"error": error})
    assert shop.happened() == []


def test_each_consumer_keeps_a_connection() -> None:
    with pytest.raises(BadSetting, match="256 at most"):
        ShippingSettings(consumers=257)
