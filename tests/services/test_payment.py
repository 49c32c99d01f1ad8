from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from chaoscli.messages import Result
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
    assert [what for what, _request, _data in after.happened()] == ["told again", "charge repeated", "charged"]


NOT_AN_OBJECT = "The body must be a JSON object with userId and amount"
NO_AMOUNT = "amount must be a number above 0"
NO_USER = "userId must be a text"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", NOT_AN_OBJECT), (b"null", NOT_AN_OBJECT), ([], NOT_AN_OBJECT), (b'{"userId":"C","amount":NaN}', NOT_AN_OBJECT),
        (b'{"userId":"C","amount":1e999}', NOT_AN_OBJECT), ({"userId": "C"}, NO_AMOUNT),
        ({"userId": "C", "amount": 0}, NO_AMOUNT),
        ({"userId": "C", "amount": -1}, NO_AMOUNT), ({"userId": "C", "amount": True}, NO_AMOUNT),
        ({"userId": "C", "amount": "1"}, NO_AMOUNT), ({"userId": "C", "amount": 10**15}, NO_AMOUNT), ({"amount": 1}, NO_USER),
        ({"userId": "", "amount": 1}, NO_USER), ({"userId": 7, "amount": 1}, NO_USER),
        ({"userId": "C" * 257, "amount": 1}, "userId must have at most 256 characters"),
        ({"userId": "C", "amount": 1, "tip": 2}, "unknown field 'tip'; there are userId, amount and card"),
        ({"userId": "C", "amount": 1, "card": "4111111111111112"}, "card must be a card number of 13 to 19 digits"),
        ({"userId": "C", "amount": 1, "card": 4111111111111111}, "card must be a card number of 13 to 19 digits"),
    ],
)  # fmt: skip
async def test_a_bill_that_makes_no_sense_is_refused_with_its_reason(body: Any, error: str) -> None:
    shop = opened()
    assert await charge(shop, body) == (400, {"error": error})
    assert shop.happened() == []


async def test_a_key_that_no_log_could_bear_is_refused() -> None:
    shop = opened()
    assert await charge(shop, key="k" * 257) == (400, {"error": "an Idempotency-Key must have at most 256 characters"})


# -- refunds -----------------------------------------------------------------------------------------------------------------


async def refund(shop: Shop, key: str = "k", *, request: str = "r-1") -> tuple[int, Any]:
    return await shop.ask("payment", "POST", "/payment/refund", {"key": key}, request=request)


async def test_a_charge_is_given_back_once_however_often_it_is_asked() -> None:
    shop = opened()
    await charge(shop, key="k")
    assert [await refund(shop), await refund(shop)] == [(200, {"key": "k", "refunded": True})] * 2
    assert shop.happened("refunded") == [
        ("refunded", "r-1", {"transaction": "TXN00000001", "user": "CUST-1", "amount": 40.0, "key": "k"})
    ]


async def test_a_charge_that_comes_after_its_refund_is_not_made() -> None:
    shop = opened()
    assert await refund(shop) == (200, {"key": "k", "refunded": False})
    assert await charge(shop, key="k") == (409, {"error": "this charge was taken back"})
    assert shop.happened() == []


async def test_a_refund_that_makes_no_sense_is_refused() -> None:
    shop = opened()
    assert await shop.ask("payment", "POST", "/payment/refund", {"key": 1}) == (400, {"error": "key must be a text"})


# -- the bank ----------------------------------------------------------------------------------------------------------------


def with_bank(folder: Path | None = None, **settings: Any) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("bank", "bank", **settings)
    shop.open("payment", "payment", calls={"bank": {"timeout": 1.0}})
    return shop


async def test_a_joined_bank_is_asked_under_the_name_of_the_transaction() -> None:
    shop = with_bank()
    assert await charge(shop) == (200, {"transactionId": "TXN00000001"})
    callee, asked = shop.heard[-1]
    assert (callee, asked.target, asked.header("idempotency-key")) == ("bank", "/bank/charge", "TXN00000001")
    assert [what for what, _request, _data in shop.happened()] == ["bank charged", "charged"]


async def test_what_the_bank_declines_is_not_charged() -> None:
    shop = with_bank(limit=39)
    assert [await charge(shop, key="k"), await charge(shop, key="k")] == [(402, {"error": "the bank declined"})] * 2
    assert shop.happened() == []
    assert len(shop.heard) == 1


@pytest.mark.parametrize(
    ("result", "status", "error"), [(Result.REFUSED, 502, "bank: refused"), (Result.TIMEOUT, 504, "bank: timeout")]
)
async def test_a_bank_that_is_silent_leaves_the_charge_open_until_it_is_asked_again(
    result: Result, status: int, error: str, autojump_clock: MockClock
) -> None:
    shop = with_bank()
    shop.broken["bank"] = result
    assert await charge(shop, key="k") == (status, {"error": error})
    assert shop.happened() == []
    del shop.broken["bank"]
    assert await charge(shop, key="k") == (200, {"transactionId": "TXN00000001"})
    assert [what for what, _request, _data in shop.happened()] == ["bank charged", "charged"]


async def test_a_bank_that_was_charged_in_silence_is_found_out_by_the_refund() -> None:
    shop = with_bank()
    shop.answer("bank", 500, b"")
    await charge(shop, key="k")
    shop.answers_again("bank")
    assert await refund(shop) == (200, {"key": "k", "refunded": True})
    assert [what for what, _request, _data in shop.happened()] == ["bank charged", "charged", "bank refunded", "refunded"]


async def test_two_at_once_with_one_key_are_one_charge(autojump_clock: MockClock) -> None:
    shop = with_bank(service_time=0.1)
    answers = []

    async def ask() -> None:
        answers.append(await charge(shop, key="k"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        nursery.start_soon(ask)
    assert answers == [(200, {"transactionId": "TXN00000001"})] * 2
    assert [what for what, _request, _data in shop.happened()] == ["bank charged", "charged", "charge repeated"]


async def test_a_bank_asked_too_often_is_a_payment_that_cannot_serve() -> None:
    shop = with_bank(rate=1.0, burst=1)
    assert (await charge(shop))[0] == 200
    assert await charge(shop) == (503, {"error": "the bank is asked too often"})


@pytest.mark.parametrize("body", [b"", b"{}", b'{"approved":"yes"}'])
async def test_a_bank_that_makes_no_sense_has_not_approved(body: bytes) -> None:
    shop = with_bank()
    shop.answer("bank", 200, body)
    assert await charge(shop) == (502, {"error": "bank answered 200"})


async def test_a_killed_payment_takes_up_an_open_charge_where_it_was(tmp_path: Path) -> None:
    shop = with_bank(tmp_path)
    shop.broken["bank"] = Result.RESET
    await charge(shop, key="k")
    after = with_bank(tmp_path)
    assert await charge(after, key="k") == (200, {"transactionId": "TXN00000001"})


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(1, 2)), max_size=20))
def test_each_key_is_charged_once_at_most(asked: list[tuple[str, int]]) -> None:
    async def ask_all() -> None:
        shop = opened()
        for key, amount in asked:
            await charge(shop, {"userId": "C", "amount": amount}, key=key, request=key)
        charged = [request for what, request, _data in shop.happened() if what == "charged" and request in "abc" and request]
        assert len(charged) == len({key for key, _amount in asked if key})

    trio.run(ask_all)
