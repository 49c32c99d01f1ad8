from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.faults.base import BadSetting
from chaoscli.services.bank import BankSettings
from tests.services.shop import Shop

MOVEMENT = {"account": "CUST-1", "amount": 40}
APPROVED = (200, {"approved": True})


def opened(folder: Path | None = None, **settings: Any) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("bank", "bank", **settings)
    return shop


async def move(shop: Shop, body: Any = MOVEMENT, *, key: str = "", direction: str = "charge") -> tuple[int, Any]:
    headers = (("idempotency-key", key),) if key else ()
    return await shop.ask("bank", "POST", f"/bank/{direction}", body, request="r-1", headers=headers)


async def test_a_charge_is_approved() -> None:
    shop = opened()
    assert await move(shop) == APPROVED
    assert shop.happened() == [("bank charged", "r-1", {"account": "CUST-1", "amount": 40})]


async def test_a_key_moves_money_once_each_way_and_beyond_the_death_of_the_bank(tmp_path: Path) -> None:
    shop = opened(tmp_path)
    assert [await move(shop, key="k"), await move(shop, key="k"), await move(shop, key="k", direction="refund")] == [APPROVED] * 3
    assert [what for what, _request, _data in shop.happened()] == ["bank charged", "bank refunded"]
    after = opened(tmp_path)
    assert await move(after, key="k") == APPROVED
    assert after.happened() == []


async def test_a_key_is_not_good_for_another_movement() -> None:
    shop = opened()
    await move(shop, key="k")
    refused = (422, {"error": "this Idempotency-Key was used for another movement"})
    assert await move(shop, {"account": "CUST-1", "amount": 41}, key="k") == refused


async def test_more_than_the_limit_is_declined() -> None:
    shop = opened(limit=39)
    assert await move(shop) == (200, {"approved": False, "reason": "amount above the limit"})
    assert shop.happened() == []


async def test_who_asks_too_often_is_told_to_come_back(autojump_clock: MockClock) -> None:
    shop = opened(rate=2.0, burst=2)
    assert [(await move(shop))[0] for _ in range(3)] == [200, 200, 429]
    refused = await shop.ask_raw("bank", "POST", "/bank/charge", MOVEMENT)
    assert (refused.status, refused.header("retry-after")) == (429, "1")
    await trio.sleep(0.5)
    assert [(await move(shop))[0] for _ in range(2)] == [200, 429]


async def test_a_bank_takes_its_time(autojump_clock: MockClock) -> None:
    shop = opened(service_time=0.15)
    await move(shop)
    assert shop.nodes["bank"].now() == 0.15


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "The body must be a JSON object with account and amount"),
        ({"account": "C"}, "amount must be a number above 0"),
        ({"account": "", "amount": 1}, "account must be a text"),
        ({"account": "C", "amount": 1, "pin": 1}, "unknown field 'pin'; there are account and amount"),
    ],
)
async def test_a_movement_that_makes_no_sense_is_refused_with_its_reason(body: Any, error: str) -> None:
    assert await move(opened(), body) == (400, {"error": error})


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(BadSetting, match="rate: none"):
        BankSettings(rate=0.0)
