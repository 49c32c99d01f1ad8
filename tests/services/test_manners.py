"""What no service puts up with is refused at the door, with a reason and before anything is done."""

from __future__ import annotations

import json

import pytest
from trio.testing import MockClock

from chaoscli.events import Arrived, Happened
from chaoscli.services.catalogue import KINDS
from tests.services.shop import Shop

CHECK = "/api/inventory/check/BOOK-001"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (f"{CHECK}?quantitty=3", "unknown parameter 'quantitty'; there is quantity"),
        (f"{CHECK}?quantity=1&quantity=2", "quantity is given twice"),
        (f"{CHECK}?quantity=1&debug=", "unknown parameter 'debug'; there is quantity"),
        (f"{CHECK}?" + "quantity=1&" * 21, "there may be at most 20 parameters"),
        (f"{CHECK}?quantity={'1' * 257}", "quantity must have at most 256 characters"),
        (f"/api/inventory/check/{'B' * 257}", "a name must have at most 256 characters"),
        ("/api/inventory/check/BOOK%0D%0A001", "a name must not have control characters"),
        ("/api/inventory/check/%1B%5B2J", "a name must not have control characters"),
    ],
)
async def test_a_target_that_cannot_be_meant_is_refused_with_its_reason(
    target: str, reason: str, autojump_clock: MockClock
) -> None:
    shop = Shop()
    shop.open("inventory", "inventory")
    before = len(shop.events)
    assert await shop.ask("inventory", "GET", target) == (400, {"error": reason})
    assert shop.events[before:] == []


async def test_a_service_without_parameters_says_so(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("user", "user")
    assert (await shop.ask("user", "GET", "/api/users/validate/CUST-1?x=1"))[1] == {
        "error": "unknown parameter 'x'; there are none"
    }


async def test_what_a_hop_or_a_gateway_is_asked_is_for_those_behind_it_to_judge(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("hop", "hop")
    assert (await shop.ask("hop", "GET", "/any?x=1&x=2"))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        '{"userId":"C","amount":1,"amount":900}',
        '{"userId":"C","amount":{"x":1,"x":2}}',
        '[{"amount":1,"amount":2}]',
    ],
)
async def test_a_name_that_comes_twice_makes_a_body_no_json_of_ours(body: str, autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("payment", "payment")
    assert (await shop.ask("payment", "POST", "/payment/charge", body.encode()))[0] == 400
    assert shop.happened("charged") == []


@pytest.mark.parametrize("name", ["userId", "idempotency-key"])
async def test_no_control_character_gets_into_a_log(name: str, autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("payment", "payment")
    evil = "C\x1b[2J"
    headers = (("idempotency-key", evil),) if name == "idempotency-key" else ()
    bill = {"userId": evil if name == "userId" else "C", "amount": 1}
    status, said = await shop.ask("payment", "POST", "/payment/charge", bill, headers=headers)
    assert (status, said["error"].endswith("must not have control characters")) == (400, True)


async def test_marks_that_no_event_could_bear_are_dropped_and_the_request_is_served(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("inventory", "inventory")
    headers = (("x-caller", "m" * 10_000), ("traceparent", "\x1b" * 10), ("x-sent-at", "9" * 1000), ("x-attempt", "é"))
    assert (await shop.ask("inventory", "GET", CHECK, headers=headers))[0] == 200
    (arrived,) = [event for event in shop.events if isinstance(event, Arrived)]
    assert (arrived.caller, arrived.sent_wall_s, arrived.attempt) == ("", 0.0, 1)
    assert all(len(json.dumps(dict(one.data))) < 1000 for one in shop.events if isinstance(one, Happened))


# Those that take whatever path they are given; what they are asked is a matter between others.
FORWARDING = {"hop", "gateway"}


async def test_every_other_kind_of_service_says_which_parameters_it_reads() -> None:
    shop = Shop()
    silent = []
    for kind, row in KINDS.items():
        service = row.make(shop.open(kind, kind), row.settings())
        if service.parameters is None:
            silent.append(kind)
    assert set(silent) == FORWARDING
