from __future__ import annotations

import pytest

from chaoscli.faults.base import BadSetting
from chaoscli.services.pricing import PricingSettings
from tests.services.shop import Shop


async def test_a_line_costs_its_pieces() -> None:
    shop = Shop()
    shop.open("pricing", "pricing")
    assert await shop.ask("pricing", "GET", "/api/prices/BOOK-002?quantity=3", request="r-1") == (
        200,
        {"productId": "BOOK-002", "quantity": 3, "price": 35, "total": 105},
    )
    assert shop.happened() == [("priced", "r-1", {"product": "BOOK-002", "quantity": 3, "total": 105})]


async def test_what_is_asked_twice_is_counted_twice() -> None:
    shop = Shop()
    shop.open("pricing", "pricing", prices={"PEN": 2})
    for _ in range(2):
        assert (await shop.ask("pricing", "GET", "/api/prices/PEN"))[1]["total"] == 2
    assert len(shop.happened("priced")) == 2


@pytest.mark.parametrize(
    ("target", "status", "error"),
    [
        ("/api/prices/BOOK-009", 404, "BOOK-009 has no price"),
        ("/api/prices/BOOK-001?quantity=0", 400, "quantity must be a whole number of at least 1"),
        ("/api/prices/BOOK-001?quantity=many", 400, "quantity must be a whole number of at least 1"),
    ],
)
async def test_what_cannot_be_priced_says_why(target: str, status: int, error: str) -> None:
    shop = Shop()
    shop.open("pricing", "pricing")
    assert await shop.ask("pricing", "GET", target) == (status, {"error": error})
    assert shop.happened() == []


def test_nothing_is_free() -> None:
    with pytest.raises(BadSetting, match="has 0 for 'PEN'"):
        PricingSettings(prices={"PEN": 0})
