"""A deadline on its way through a chain of nodes: each hop passes on what is left, and stops when nothing is."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from chaoscli.events import Answered, CallRejected
from chaoscli.messages import DEADLINE, EXPIRES_AT, IDEMPOTENCY_KEY
from tests.services.shop import Shop

HEEDED = {"timeout": None, "pass_deadline": True}


def chain(*, wire_s: float = 0.0) -> Shop:
    """a -> b -> c, each with work of 0.25 s of its own before it asks the next one."""
    shop = Shop(wire_s=wire_s)
    shop.open("c", "hop", service_time=0.25)
    shop.open("b", "hop", calls={"c": HEEDED}, service_time=0.25)
    shop.open("a", "hop", calls={"b": HEEDED}, service_time=0.25)
    return shop


def told(shop: Shop) -> list[tuple[str, str]]:
    return [(callee, request.header(DEADLINE)) for callee, request in shop.heard]


async def test_each_hop_passes_on_what_is_left(autojump_clock: MockClock) -> None:
    shop = chain()

    assert (await shop.ask("a", "GET", "/", headers=((DEADLINE, "2"),)))[0] == 200
    assert told(shop) == [("b", "1.750000"), ("c", "1.500000")]


async def test_the_way_is_not_taken_off_for_nobody_knows_how_long_it_took(autojump_clock: MockClock) -> None:
    shop = chain(wire_s=0.1)
    await shop.ask("a", "GET", "/", headers=((DEADLINE, "2"),))

    # b is told 1.75 s, gets it 0.1 s later, and counts from there.
    assert told(shop) == [("b", "1.750000"), ("c", "1.500000")]


async def test_a_hop_gives_up_when_its_caller_has(autojump_clock: MockClock) -> None:
    shop = chain()
    status, said = await shop.ask("a", "GET", "/", headers=((DEADLINE, "0.6"),))

    assert (status, said["error"], trio.current_time()) == (504, "b: timeout", 0.6)


async def test_a_call_that_would_come_too_late_is_not_made(autojump_clock: MockClock) -> None:
    shop = chain()
    await shop.ask("a", "GET", "/", headers=((DEADLINE, "0.25"),))

    assert told(shop) == []
    assert [(one.caller, one.reason) for one in shop.events if isinstance(one, CallRejected)] == [("a", "deadline passed")]


async def test_a_hop_that_does_not_heed_deadlines_keeps_them_from_those_behind_it(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("c", "hop", service_time=0.25)
    shop.open("b", "hop", calls={"c": {"timeout": 5.0}}, service_time=0.25)
    shop.open("a", "hop", calls={"b": HEEDED}, service_time=0.25)
    async with trio.open_nursery():
        await shop.ask("a", "GET", "/", headers=((DEADLINE, "0.6"),))
        await trio.sleep(1.0)

    assert told(shop) == [("b", "0.350000"), ("c", "")]


async def test_a_timeout_alone_is_a_deadline_too_when_it_is_passed_on(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("b", "hop")
    shop.open("a", "hop", calls={"b": {"timeout": 0.3, "pass_deadline": True}})
    await shop.ask("a", "GET", "/")

    assert told(shop) == [("b", "0.300000")]


async def test_no_node_tells_its_own_instants_to_another(autojump_clock: MockClock) -> None:
    shop = chain()
    await shop.ask("a", "GET", "/", headers=((DEADLINE, "2"), (EXPIRES_AT, "0")))

    assert [request.header(EXPIRES_AT) for _, request in shop.heard] == ["", ""]
    assert [one.status for one in shop.events if isinstance(one, Answered)] == [200, 200, 200]


async def test_equal_calls_for_one_request_have_keys_of_their_own_and_a_second_try_of_the_request_has_the_same(
    autojump_clock: MockClock,
) -> None:
    shop = Shop()
    shop.open("b", "hop")
    shop.open("a", "hop", calls={"b": {"idempotency_key": True}}, times=2)
    for _ in range(2):
        await shop.ask("a", "POST", "/order", request="r-1")
    keys = [request.header(IDEMPOTENCY_KEY) for _, request in shop.heard]

    assert keys[:2] == keys[2:]
    assert len(set(keys)) == 2
    assert "" not in keys
