from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Result
from chaoscli.services.gateway import GatewaySettings
from tests.services.shop import Shop

CHECK = "/api/inventory/check/BOOK-001"
TWO = ("inventory-1", "inventory-2")


def opened(*, replicas: tuple[str, ...] = TWO, registry: bool = False, **settings: Any) -> Shop:
    shop = Shop()
    for name in replicas:
        shop.open(name, "inventory")
    calls: dict[str, dict[str, Any]] = {name: {"timeout": 0.5} for name in replicas}
    if registry:
        shop.open("registry", "registry", ttl=60.0)
        calls["registry"] = {}
    shop.open("gateway", "gateway", calls=calls, **settings)
    return shop


async def ask(shop: Shop, times: int = 1, target: str = CHECK, method: str = "GET") -> list[int]:
    return [(await shop.ask("gateway", method, target))[0] for _ in range(times)]


def met(shop: Shop) -> Counter[str]:
    """How many requests of customers each replica was sent."""
    return Counter(callee for callee, request in shop.heard if request.target.startswith("/api"))


async def test_replicas_take_turns() -> None:
    shop = opened()
    assert await ask(shop, 4) == [200] * 4
    assert met(shop) == {"inventory-1": 2, "inventory-2": 2}


async def test_weights_route_a_share_of_the_requests() -> None:
    shop = opened(weights={"inventory-1": 9})
    await ask(shop, 20)
    assert met(shop) == {"inventory-1": 18, "inventory-2": 2}


async def test_a_request_passes_whole_and_so_does_its_answer() -> None:
    shop = Shop()
    shop.open("payment", "payment")
    shop.open("gateway", "gateway", calls={"payment": {}})
    bill = b'{ "userId": "C", "amount": 4e1 }'
    headers = (("idempotency-key", "k"), ("content-type", "application/json"), ("x-secret", "s"), ("x-caller", "mallory"))
    answer = await shop.ask_raw("gateway", "POST", "/payment/charge?", bill, request="r-1", headers=headers)
    _callee, asked = shop.heard[-1]
    assert (asked.method, asked.target, asked.body) == ("POST", "/payment/charge?", bill)
    names = ("idempotency-key", "content-type", "x-secret", "x-caller", "x-request-id")
    assert [asked.header(name) for name in names] == ["k", "application/json", "", "gateway", "r-1"]
    assert (answer.status, answer.headers, answer.body) == (
        200, (("content-type", "application/json"),), b'{"transactionId":"TXN00000001"}',
    )  # fmt: skip


async def test_a_path_goes_to_those_who_serve_it() -> None:
    shop = opened(paths={"inventory-2": "/api/other"})
    await ask(shop, 3)
    assert met(shop) == {"inventory-1": 3}
    shop = opened(paths=dict.fromkeys(TWO, "/api/other"))
    assert await ask(shop) == [404]


@pytest.mark.parametrize(("result", "status"), [(Result.REFUSED, 502), (Result.RESET, 502), (Result.TIMEOUT, 504)])
async def test_a_replica_that_fails_is_a_bad_gateway(result: Result, status: int, autojump_clock: MockClock) -> None:
    shop = opened()
    shop.broken["inventory-1"] = result
    assert await ask(shop, 2) == [status, 200]


async def test_another_replica_is_tried_for_what_may_be_sent_again() -> None:
    shop = opened(tries=2)
    shop.broken["inventory-1"] = Result.RESET
    assert await ask(shop, 2) == [200, 200]
    reserve = "/api/inventory/reserve/BOOK-001"
    assert sorted(await ask(shop, 2, reserve, "POST")) == [200, 502]
    key = (("idempotency-key", "k"),)
    assert [(await shop.ask("gateway", "POST", reserve, headers=key))[0] for _ in range(2)] == [200, 200]


async def test_a_replica_that_fails_too_often_is_left_out_for_a_while(autojump_clock: MockClock) -> None:
    shop = opened(eject_after=2, eject_for=1.0)
    shop.broken["inventory-1"] = Result.REFUSED
    assert await ask(shop, 8) == [502, 200, 502, 200, 200, 200, 200, 200]
    assert [(what, data["replica"]) for what, _request, data in shop.happened("ejected")] == [("ejected", "inventory-1")]
    await trio.sleep(1.0)
    assert 502 in await ask(shop, 2)


async def test_when_all_are_left_out_all_are_asked() -> None:
    shop = opened(eject_after=1)
    for name in TWO:
        shop.broken[name] = Result.REFUSED
    assert await ask(shop, 4) == [502] * 4
    assert sum(met(shop).values()) == 4


async def test_a_replica_whose_health_is_bad_is_left_out_until_it_is_good(autojump_clock: MockClock) -> None:
    shop = opened(health_every=0.1, unhealthy_after=2)
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "gateway")
        shop.broken["inventory-1"] = Result.TIMEOUT
        await trio.sleep(0.55)
        assert await ask(shop, 4) == [200] * 4
        del shop.broken["inventory-1"]
        await trio.sleep(0.25)
        await ask(shop, 4)
        nursery.cancel_scope.cancel()
    assert met(shop) == {"inventory-1": 2, "inventory-2": 6}
    assert [what for what, _request, data in shop.happened() if data.get("replica")] == ["replica unhealthy", "replica healthy"]


@pytest.mark.parametrize("balance", ["least_loaded", "two_choices"])
async def test_a_slow_replica_gets_less_when_load_is_looked_at(balance: str, autojump_clock: MockClock) -> None:
    shop = opened(replicas=(*TWO, "inventory-3"), balance=balance)
    shop.open("inventory-1", "inventory", service_time=0.4)
    shop.open("inventory-2", "inventory", service_time=0.01)
    shop.open("inventory-3", "inventory", service_time=0.01)

    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(ask, shop)
            await trio.sleep(0.02)
    assert met(shop)["inventory-1"] < 15  # round robin would send it a third


async def test_only_what_the_registry_lists_is_asked_and_its_last_word_holds_while_it_is_away(autojump_clock: MockClock) -> None:
    shop = opened(registry=True)
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "registry", "gateway")
        await shop.ask("registry", "PUT", "/registry/inventory/inventory-2")
        await trio.sleep(0.1)
        await ask(shop, 4)
        assert met(shop) == {"inventory-2": 4}
        shop.broken["registry"] = Result.REFUSED
        await trio.sleep(1.0)
        await ask(shop, 4)
        assert met(shop) == {"inventory-2": 8}
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tries": 11}, "10 at most"),
        ({"health_every": 0.0}, "health_every: none"),
        ({"weights": {"a": -1}}, "has -1 for 'a'"),
        ({"paths": {"a": "api"}}, "begins with '/'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        GatewaySettings(**settings)


# -- moving a path --------------------------------------------------------------------------------------------------------------


def moving(**move: Any) -> Shop:
    """From ``old`` to ``new``, who has lost a book."""
    shop = Shop()
    shop.open("old", "inventory", stock={"BOOK-001": 5, "BOOK-002": 5})
    shop.open("new", "inventory", stock={"BOOK-001": 5})
    shop.open("gateway", "gateway", calls={"old": {}, "new": {}}, move={"to": "new", "path": "/api/inventory", **move})
    return shop


async def said(shop: Shop, target: str) -> str:
    return str((await shop.ask("gateway", "GET", target))[1]["message"])


LOST = "/api/inventory/check/BOOK-002"


async def test_a_path_is_moved_whole_and_its_mistakes_with_it() -> None:
    shop = moving()
    assert await said(shop, LOST) == "Product not found"
    assert met(shop) == {"new": 1}


async def test_where_answers_differ_the_old_one_is_believed_and_after_enough_of_them_asked_alone() -> None:
    shop = moving(steps=(0.999,), compare=True, roll_back_after=2)
    assert [await said(shop, target) for target in (CHECK, LOST, LOST, LOST, CHECK)] == ["In stock"] * 5
    assert met(shop) == {"old": 5, "new": 3}
    facts = [what for what, _, _ in shop.happened() if what != "stocked"]
    assert facts == ["share moved", "answers differ", "answers differ", "rolled back", "share moved"]


async def test_what_changes_something_is_never_done_twice_to_compare_it() -> None:
    shop = moving(steps=(0.999,), compare=True)
    await ask(shop, 3, "/api/inventory/reserve/BOOK-001", "POST")
    assert met(shop) == {"new": 3}


async def test_what_is_not_moved_stays_with_the_old_one() -> None:
    shop = moving(path="/api/inventory/reserve")
    await ask(shop, 3)
    assert met(shop) == {"old": 3}


async def test_of_a_share_some_requests_go_and_the_same_ones_in_every_run() -> None:
    runs = []
    for _ in range(2):
        shop = moving(steps=(0.5,))
        await ask(shop, 40)
        runs.append([callee for callee, _ in shop.heard])
    assert runs[0] == runs[1]
    assert 10 < Counter(runs[0])["new"] < 30


async def test_readiness_sees_what_is_wrong_behind_a_replica_and_liveness_does_not(autojump_clock: MockClock) -> None:
    for probe, answers in (("liveness", [502, 200, 502, 200]), ("readiness", [200] * 4)):
        shop = Shop()
        shop.open("stock", "hop")
        shop.open("shop-1", "hop", calls={"gone": {}})
        shop.open("shop-2", "hop", calls={"stock": {}})
        shop.broken["gone"] = Result.REFUSED
        shop.open("gateway", "gateway", calls={"shop-1": {}, "shop-2": {}}, health_every=0.1, probe=probe)
        async with trio.open_nursery() as nursery:
            shop.run(nursery, "gateway")
            await trio.sleep(0.55)
            assert sorted(await ask(shop, 4, "/")) == sorted(answers)
            nursery.cancel_scope.cancel()


async def test_who_is_said_not_to_be_there_is_neither_asked_nor_thought_ill() -> None:
    shop = opened()
    shop.nodes["gateway"].absent = frozenset({"inventory-1"})
    assert await ask(shop, 4) == [200] * 4
    assert met(shop) == {"inventory-2": 4}
