from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from chaoscli.checks.no_oversell import NO_OVERSELL
from chaoscli.checks.stock_conserved import STOCK_CONSERVED
from chaoscli.faults.base import BadSetting
from chaoscli.recording import Recording
from chaoscli.services.inventory import InventorySettings
from tests.services.shop import Shop

CHECK, RESERVE = "/api/inventory/check", "/api/inventory/reserve"


def said(product: str, available: bool, left: int, message: str) -> dict[str, Any]:
    return {"productId": product, "available": available, "currentStock": left, "message": message}


def opened(**settings: Any) -> Shop:
    shop = Shop()
    shop.open("inventory", "inventory", **settings)
    return shop


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/BOOK-001?quantity=1", (200, said("BOOK-001", True, 100, "In stock"))),
        ("/BOOK-001", (200, said("BOOK-001", True, 100, "In stock"))),
        ("/BOOK-001?quantity=100", (200, said("BOOK-001", True, 100, "In stock"))),
        ("/BOOK-001?quantity=101", (200, said("BOOK-001", False, 100, "Insufficient stock"))),
        ("/BOOK-002?quantity=50", (200, said("BOOK-002", True, 50, "In stock"))),
        ("/BOOK-003", (200, said("BOOK-003", False, 0, "Insufficient stock"))),
        ("/BOOK-004", (200, said("BOOK-004", False, 0, "Product not found"))),
        ("/a%2Fb%20%C3%A9", (200, said("a/b é", False, 0, "Product not found"))),
        ("/BOOK-001?quantity=0", (400, said("BOOK-001", False, 0, "Quantity must be a whole number of at least 1"))),
        ("/BOOK-001?quantity=-1", (400, said("BOOK-001", False, 0, "Quantity must be a whole number of at least 1"))),
        ("/BOOK-001?quantity=1.5", (400, said("BOOK-001", False, 0, "Quantity must be a whole number of at least 1"))),
        ("/BOOK-001?quantity=", (400, said("BOOK-001", False, 0, "Quantity must be a whole number of at least 1"))),
        ("/BOOK-001?quantity=" + "9" * 200, (400, said("BOOK-001", False, 0, "Quantity must be a whole number of at least 1"))),
        ("/BOOK-001?quantity=²", (400, said("BOOK-001", False, 0, "Quantity must be a whole number of at least 1"))),
    ],
)
async def test_a_check_says_what_is_left(target: str, answer: tuple[int, Any]) -> None:
    assert await opened().ask("inventory", "GET", CHECK + target) == answer


async def test_a_reservation_takes_from_the_stock() -> None:
    shop = opened()
    assert await shop.ask("inventory", "POST", f"{RESERVE}/BOOK-001?quantity=2", request="r-1") == (
        200,
        said("BOOK-001", True, 98, "Reserved successfully"),
    )
    assert await shop.ask("inventory", "GET", f"{CHECK}/BOOK-001") == (200, said("BOOK-001", True, 98, "In stock"))
    assert shop.happened("stock reserved") == [("stock reserved", "r-1", {"product": "BOOK-001", "quantity": 2, "left": 98})]


@pytest.mark.parametrize("target", ["/BOOK-001?quantity=101", "/BOOK-003", "/BOOK-004?quantity=1"])
async def test_a_reservation_of_more_than_there_is_takes_nothing(target: str) -> None:
    shop = opened()
    product = target[1:9]
    assert await shop.ask("inventory", "POST", RESERVE + target) == (
        400,
        said(product, False, 0, "Cannot reserve - insufficient stock"),
    )
    assert shop.happened("stock reserved") == []


async def test_the_stock_at_the_start_is_told() -> None:
    assert opened(stock={"PEN": 3, "INK": 0}).happened() == [
        ("stocked", "", {"product": "PEN", "quantity": 3}),
        ("stocked", "", {"product": "INK", "quantity": 0}),
    ]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.integers(0, 60))
def test_reservations_at_once_never_take_more_than_there_was(quantities: list[int], stock: int) -> None:
    async def all_at_once() -> None:
        shop = opened(stock={"PEN": stock}, workers=4, service_time=0.0)
        answers: list[tuple[int, int]] = []

        async def reserve(quantity: int) -> None:
            status, _said = await shop.ask("inventory", "POST", f"{RESERVE}/PEN?quantity={quantity}")
            answers.append((status, quantity))

        async with trio.open_nursery() as nursery:
            for quantity in quantities:
                nursery.start_soon(reserve, quantity)
        _status, found = await shop.ask("inventory", "GET", f"{CHECK}/PEN")
        assert found["currentStock"] == stock - sum(quantity for status, quantity in answers if status == 200) >= 0
        # Nobody was turned away whose wish could still have been met at the end.
        assert all(quantity > found["currentStock"] for status, quantity in answers if status == 400)

    trio.run(all_at_once)


async def test_a_shop_that_opens_again_has_what_was_left(tmp_path: Path) -> None:
    before = Shop(folder=str(tmp_path))
    before.open("inventory", "inventory", stock={"PEN": 5})
    await before.ask("inventory", "POST", f"{RESERVE}/PEN?quantity=2")
    after = Shop(folder=str(tmp_path))
    after.open("inventory", "inventory", stock={"PEN": 5})
    assert await after.ask("inventory", "GET", f"{CHECK}/PEN") == (200, said("PEN", True, 3, "In stock"))
    assert after.happened("stocked") == []


@pytest.mark.parametrize("pieces", [-1, 2**53 + 1])
def test_no_shelf_holds_less_than_nothing_or_more_than_can_be_counted(pieces: int) -> None:
    with pytest.raises(BadSetting, match=f"has {pieces} of 'PEN'"):
        InventorySettings(stock={"PEN": pieces})


# -- keys ------------------------------------------------------------------------------------------------------------------------


async def keyed(shop: Shop, what: str, key: str = "k", *, product: str = "BOOK-001", quantity: int = 2) -> tuple[int, Any]:
    target = f"/api/inventory/{what}/{product}?quantity={quantity}"
    return await shop.ask("inventory", "POST", target, request="r-1", headers=(("idempotency-key", key),) if key else ())


def shop_of_inventory(folder: Path | None = None) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("inventory", "inventory")
    return shop


def facts(shop: Shop) -> list[tuple[str, dict[str, Any]]]:
    return [(what, data) for what, _request, data in shop.happened() if what != "stocked"]


async def test_a_key_reserves_once_and_releases_once_beyond_the_death_of_the_inventory(tmp_path: Path) -> None:
    shop = shop_of_inventory(tmp_path)
    assert await keyed(shop, "reserve") == await keyed(shop, "reserve")
    assert facts(shop) == [("stock reserved", {"product": "BOOK-001", "quantity": 2, "left": 98, "key": "k"})]
    after = shop_of_inventory(tmp_path)
    assert await keyed(after, "release") == (200, {"productId": "BOOK-001", "released": 2, "currentStock": 100})
    assert await keyed(after, "release") == (200, {"productId": "BOOK-001", "released": 0, "currentStock": 100})
    assert facts(after) == [
        ("told again", {"fact": "stock reserved", "product": "BOOK-001", "quantity": 2, "left": 98, "key": "k"}),
        ("stock released", {"product": "BOOK-001", "quantity": 2, "left": 100, "key": "k"}),
    ]


async def test_a_reservation_that_comes_after_its_release_takes_nothing() -> None:
    shop = shop_of_inventory()
    assert await keyed(shop, "release") == (200, {"productId": "BOOK-001", "released": 0, "currentStock": 100})
    status, said = await keyed(shop, "reserve")
    assert (status, said["message"]) == (400, "Cannot reserve - the reservation was released")
    assert facts(shop) == []


async def test_a_key_is_not_good_for_another_reservation() -> None:
    shop = shop_of_inventory()
    await keyed(shop, "reserve")
    refused = (422, {"error": "this Idempotency-Key was used for another reservation"})
    assert await keyed(shop, "reserve", quantity=3) == refused
    assert await keyed(shop, "reserve", product="BOOK-002") == refused
    assert await keyed(shop, "release", product="BOOK-002") == refused


async def test_a_reservation_that_failed_may_be_asked_for_again() -> None:
    shop = shop_of_inventory()
    assert [(await keyed(shop, "reserve", product="BOOK-003"))[0] for _ in range(2)] == [400, 400]


async def test_nothing_is_released_without_a_key() -> None:
    shop = shop_of_inventory()
    assert await keyed(shop, "release", "") == (400, {"error": "a release needs the Idempotency-Key of its reservation"})


# -- how it is given away ----------------------------------------------------------------------------------------------------


async def all_at_once(reserving: str, clients: int, stock: int) -> tuple[int, int, dict[str, tuple[str, ...]]]:
    """How many got one, how many the shelf says are left, and which laws of the stock were broken by whom."""
    shop = opened(stock={"PEN": stock}, reserving=reserving)
    got: list[int] = []

    async def reserve(number: int) -> None:
        got.append((await shop.ask("inventory", "POST", f"{RESERVE}/PEN", request=f"r-{number}"))[0])

    async with trio.open_nursery() as nursery:
        for number in range(clients):
            nursery.start_soon(reserve, number)
    _status, found = await shop.ask("inventory", "GET", f"{CHECK}/PEN")
    recording = Recording("x", shop.events)
    findings = {law.name: law.judge(recording).guilty for law in (NO_OVERSELL, STOCK_CONSERVED)}
    return got.count(200), found["currentStock"], {name: guilty for name, guilty in findings.items() if guilty}


@pytest.mark.parametrize("reserving", ["atomic", "versioned"])
async def test_the_last_pens_are_given_away_once(reserving: str, autojump_clock: MockClock) -> None:
    assert await all_at_once(reserving, clients=10, stock=3) == (3, 0, {})
    assert await all_at_once(reserving, clients=3, stock=10) == (3, 7, {})


async def test_who_checks_and_then_acts_gives_the_last_pens_to_everybody(autojump_clock: MockClock) -> None:
    got, left, laws = await all_at_once("naive", clients=10, stock=3)
    assert (got, left, sorted(laws)) == (10, 2, ["no oversell", "stock conserved"])
    assert (len(laws["no oversell"]), len(laws["stock conserved"])) == (7, 9)


async def test_thinking_takes_its_time(autojump_clock: MockClock) -> None:
    shop = opened(reserving="versioned", thinking=0.25)
    await shop.ask("inventory", "POST", f"{RESERVE}/BOOK-001")
    assert shop.nodes["inventory"].now() == 0.25
