from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from tests.services.shop import Shop

BILL = {"userId": "CUST-1", "amount": 40}


def opened(folder: Path | None = None) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("payment", "payment")
    return shop


async def charge(shop: Shop, body: Any = BILL, *, key: str = "", request: str = "r-1") -> tuple[int, Any]:
    headers = (("idempotency-key", key),) if key else ()
    return await shop.ask("payment", "POST", "/payment/charge", body, request=request, headers=headers)


async def test_a_charge_gets_a_transaction() -> None:
    shop = opened()
    assert await charge(shop) == (200, {"transactionId": "TXN00000001"})
    assert shop.happened() == [("charged", "r-1", {"transaction": "TXN00000001", "user": "CUST-1", "amount": 40})]


async def test_without_a_key_asking_twice_charges_twice() -> None:
    shop = opened()
    assert [await charge(shop), await charge(shop)] == [
        (200, {"transactionId": "TXN00000001"}),
        (200, {"transactionId": "TXN00000002"}),
    ]
    assert [what for what, _request, _data in shop.happened()] == ["charged", "charged"]


async def test_with_a_key_asking_twice_charges_once() -> None:
    shop = opened()
    assert await charge(shop, key="r-1") == await charge(shop, key="r-1") == (200, {"transactionId": "TXN00000001"})
    assert [what for what, _request, _data in shop.happened()] == ["charged", "charge repeated"]


async def test_a_key_is_not_good_for_another_charge() -> None:
    shop = opened()
    await charge(shop, key="r-1")
    refused = (422, {"error": "this Idempotency-Key was used for another charge"})
    assert await charge(shop, {"userId": "CUST-1", "amount": 41}, key="r-1") == refused
    assert await charge(shop, {"userId": "CUST-2", "amount": 40}, key="r-1") == refused
    assert len(shop.happened()) == 1


async def test_a_key_is_remembered_by_a_payment_that_was_killed(tmp_path: Path) -> None:
    await charge(opened(tmp_path), key="r-1")
    after = opened(tmp_path)
    assert await charge(after, key="r-1") == (200, {"transactionId": "TXN00000001"})
    assert await charge(after) == (200, {"transactionId": "TXN00000002"})
    assert [what for what, _request, _data in after.happened()] == ["charge repeated", "charged"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", [], {"userId": "C"}, {"amount": 1}, {"userId": "", "amount": 1}, {"userId": 7, "amount": 1},
        {"userId": "C", "amount": 0}, {"userId": "C", "amount": -1}, {"userId": "C", "amount": True},
        {"userId": "C", "amount": "1"}, b'{"userId":"C","amount":NaN}', b'{"userId":"C","amount":1e999}',
    ],
)  # fmt: skip
async def test_a_bill_that_makes_no_sense_is_refused(body: Any) -> None:
    shop = opened()
    error = "the body must be a JSON object with userId, a text, and amount, a number above 0"
    assert await charge(shop, body) == (400, {"error": error})
    assert shop.happened() == []


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(1, 2)), max_size=20))
def test_each_key_is_charged_once_at_most(asked: list[tuple[str, int]]) -> None:
    async def ask_all() -> None:
        shop = opened()
        for key, amount in asked:
            await charge(shop, {"userId": "C", "amount": amount}, key=key, request=key)
        charged = [request for what, request, _data in shop.happened() if what == "charged" and request in "abc" and request]
        assert len(charged) == len({key for key, _amount in asked if key})

    trio.run(ask_all)
