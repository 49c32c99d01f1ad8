"""A guarded door: calls that nobody signed, that were changed, kept too long or sent twice stay outside, and it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from trio.testing import MockClock

from chaoscli.event_lines import encode
from chaoscli.messages import CALLER, REQUEST_ID, Request
from chaoscli.services import guard
from tests.services.shop import KEYS, Shop

ORDER = {"productId": "BOOK-001", "quantity": 1, "customerId": "CUST-1"}
SIGNED = {"payment": {"sign": True}}


def opened(*, folder: Path | None = None, **auth: object) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("payment", "payment", auth={"leeway": 5.0, **auth})
    shop.open("order", "order", calls=SIGNED)
    return shop


async def overheard(shop: Shop) -> Request:
    """A charge as order signed and sent it."""
    assert (await shop.ask("order", "POST", "/api/orders", ORDER, request="r1"))[0] == 200
    return next(request for callee, request in shop.heard if callee == "payment")


def refused(shop: Shop) -> list[str]:
    return [what for what, _, _ in shop.happened() if what.endswith("refused")]


async def test_a_caller_that_signs_is_let_in_and_one_that_does_not_is_not(autojump_clock: MockClock) -> None:
    shop = opened()
    await overheard(shop)
    forged = await shop.ask_raw("payment", "POST", "/payment/charge", {"userId": "M", "amount": 5}, headers=((CALLER, "order"),))
    assert (forged.status, forged.body) == (401, b'{"error":"this call must be signed (RFC 9421)"}')
    assert forged.header("www-authenticate") == 'Signature realm="chaos"'
    assert len(shop.happened("charged")) == 1
    assert shop.happened("unsigned call refused")[0][2] == {"caller": "order"}


async def test_an_order_that_may_not_charge_is_no_order(autojump_clock: MockClock) -> None:
    shop = opened()
    shop.open("careless", "order", calls={"payment": {"sign": False}})
    assert (await shop.ask("careless", "POST", "/api/orders", ORDER))[1]["message"] == "Payment failed: Payment service error"


async def test_a_call_that_was_changed_on_its_way_is_refused(autojump_clock: MockClock) -> None:
    shop = opened()
    charge = await overheard(shop)
    changed = replace(charge, body=charge.body.replace(b"20", b"90"))
    assert (await shop.exchange("payment", changed)).status == 401
    assert refused(shop) == ["forged call refused"]


async def test_the_same_call_is_let_in_once_also_after_a_restart(autojump_clock: MockClock, tmp_path: Path) -> None:
    shop = opened(folder=tmp_path)
    charge = await overheard(shop)
    assert (await shop.exchange("payment", charge)).status == 401
    shop.nodes["payment"].close()
    shop.open("payment", "payment", auth={"leeway": 5.0})
    assert (await shop.exchange("payment", charge)).status == 401
    assert refused(shop) == ["replayed call refused"] * 2
    assert len(shop.happened("charged")) == 1


async def test_a_call_that_was_kept_expires_by_the_nodes_own_clock(autojump_clock: MockClock) -> None:
    shop = opened()
    charge = await overheard(shop)
    shop.nodes["payment"].clock.skew(offset_s=-4.0)
    assert (await shop.exchange("payment", charge)).body == b'{"error":"this call was made before"}'
    for ahead_s in (10.0, -10.0):
        shop.nodes["payment"].clock.skew(offset_s=ahead_s)
        assert (await shop.exchange("payment", charge)).status == 401
    assert refused(shop) == ["replayed call refused", "expired call refused", "expired call refused"]


async def test_a_caller_whose_clock_is_far_off_is_refused_until_it_is_right_again(autojump_clock: MockClock) -> None:
    shop = opened()
    shop.nodes["order"].clock.skew(offset_s=60.0)
    assert (await shop.ask("order", "POST", "/api/orders", ORDER, request="r1"))[0] == 400
    shop.nodes["order"].clock.skew(offset_s=0.0)
    assert (await shop.ask("order", "POST", "/api/orders", ORDER, request="r2"))[0] == 200


async def test_who_may_sign_may_still_not_call_everybody(autojump_clock: MockClock) -> None:
    shop = opened(allow=("billing",))
    assert (await shop.ask("order", "POST", "/api/orders", ORDER))[0] == 400
    assert shop.happened("stranger refused")[0][2] == {"caller": "order"}


async def test_health_is_for_everybody(autojump_clock: MockClock) -> None:
    assert (await opened().ask("payment", "GET", "/actuator/health"))[0] == 200


async def test_every_attempt_is_signed_anew(autojump_clock: MockClock) -> None:
    shop = opened()
    shop.open("patient", "order", calls={"payment": {"sign": True, "retry": {"attempts": 3}}})
    shop.unheard["/payment/charge"] = 2
    assert (await shop.ask("patient", "POST", "/api/orders", ORDER))[0] == 200
    nonces = {request.header("signature") for _, request in shop.heard}
    assert len(nonces) == 3


async def test_nonces_are_forgotten_when_they_have_expired_and_bounded_until_then(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MOST_NONCES", 2)
    shop = opened()
    answers = [(await shop.ask("order", "POST", "/api/orders", ORDER, request=f"r{number}"))[0] for number in range(3)]
    assert answers == [200, 200, 400]
    for name in ("order", "payment"):
        shop.nodes[name].clock.skew(offset_s=10.0)
    assert (await shop.ask("order", "POST", "/api/orders", ORDER, request="r4"))[0] == 200


async def test_no_event_has_a_secret_or_a_signature_in_it(autojump_clock: MockClock) -> None:
    shop = opened()
    charge = await overheard(shop)
    await shop.exchange("payment", charge)
    told = "\n".join(encode(event) for event in shop.events)
    hidden = [KEYS.key_of("order").hex(), "only tests know", charge.header("signature"), charge.header("signature-input")]
    assert [word for word in hidden if word in told] == []
    assert charge.header(REQUEST_ID) in told
