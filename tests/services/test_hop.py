from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.events import Arrived
from chaoscli.faults.base import BadSetting
from chaoscli.messages import TRACE_PARENT, Result
from chaoscli.services.hop import HopSettings
from tests.services.shop import Shop

TRACE = (TRACE_PARENT, f"00-{'ab' * 16}-{'cd' * 8}-01")


def chain(*names: str, **settings: Any) -> Shop:
    """Each calls the next and waits less long for it than it is waited for itself; all work for 100 ms."""
    shop = Shop()
    for place, name in enumerate(names):
        calls = {following: {"timeout": 5.0 - place / 2} for following in names[place + 1 : place + 2]}
        shop.open(name, "hop", calls=calls, service_time=0.1, **settings)
    return shop


async def test_a_chain_takes_as_long_as_all_its_links(autojump_clock: MockClock) -> None:
    shop = chain("a", "b", "c", "d", "e")
    assert await shop.ask("a", "GET", "/work") == (200, {"service": "a", "calls": 1})
    assert trio.current_time() == pytest.approx(0.5)


async def test_the_next_ones_are_asked_one_after_the_other_or_at_once(autojump_clock: MockClock) -> None:
    shop = Shop()
    for name in ("b", "c", "d"):
        shop.open(name, "hop", service_time=0.1)
    shop.open("one", "hop", calls={"b": {}, "c": {}, "d": {}})
    shop.open("all", "hop", calls={"b": {}, "c": {}, "d": {}}, parallel=True)
    assert await shop.ask("one", "GET", "/") == (200, {"service": "one", "calls": 3})
    assert trio.current_time() == pytest.approx(0.3)
    assert await shop.ask("all", "GET", "/") == (200, {"service": "all", "calls": 3})
    assert trio.current_time() == pytest.approx(0.4)


async def test_the_same_work_costs_a_wire_for_each_call_unless_it_is_batched(autojump_clock: MockClock) -> None:
    shop = Shop(wire_s=0.05)
    shop.open("prices", "hop", service_time=0.01)
    shop.open("in one process", "hop", items=20, service_time=0.01)
    shop.open("over the network", "hop", calls={"prices": {}}, times=20)
    shop.open("batched", "hop", calls={"prices": {}}, times=20, batch=True)
    took = {}
    for name in ("in one process", "over the network", "batched"):
        began = trio.current_time()
        assert (await shop.ask(name, "GET", "/quote"))[0] == 200
        took[name] = trio.current_time() - began
    # Twenty pieces of 10 ms each; every call adds 50 ms there and 50 ms back.
    expected = {"in one process": 0.2, "over the network": 20 * (0.01 + 0.1), "batched": 0.2 + 0.1}
    assert took == {name: pytest.approx(seconds) for name, seconds in expected.items()}
    assert [request.target for _callee, request in shop.heard] == ["/quote"] * 20 + ["/quote?items=20"]


async def test_method_path_body_and_trace_are_passed_along() -> None:
    shop = chain("a", "b", "c")
    await shop.ask("a", "PUT", "/work/7", {"n": 1}, request="r-1", headers=(TRACE,))
    seen = [(callee, request.method, request.target, request.body) for callee, request in shop.heard]
    assert seen == [("b", "PUT", "/work/7", b'{"n":1}'), ("c", "PUT", "/work/7", b'{"n":1}')]
    spans = [request.header(TRACE_PARENT).split("-") for _callee, request in shop.heard]
    assert {span[1] for span in spans} == {"ab" * 16}
    assert len({span[2] for span in spans}) == 2


async def test_equal_calls_for_one_request_roll_dice_of_their_own(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("b", "hop", service_time=0.1, distribution="exponential")
    shop.open("a", "hop", calls={"b": {}}, times=3)
    await shop.ask("a", "GET", "/")
    arrivals = [event.at for event in shop.events if isinstance(event, Arrived) and event.node == "b"]
    assert len({round(later - earlier, 6) for earlier, later in pairwise(arrivals)}) == 2


@pytest.mark.parametrize(
    ("result", "status", "error"),
    [
        (Result.TIMEOUT, 504, "c: timeout"),
        (Result.REFUSED, 502, "c: refused"),
        (Result.RESET, 502, "c: reset"),
    ],
)
async def test_a_hop_that_cannot_reach_the_next_one_says_so_and_the_one_before_it_too(
    autojump_clock: MockClock, result: Result, status: int, error: str
) -> None:
    shop = chain("a", "b", "c")
    shop.broken["c"] = result
    assert await shop.ask("b", "GET", "/") == (status, {"service": "b", "error": error})
    assert await shop.ask("a", "GET", "/") == (502, {"service": "a", "error": f"b answered {status}"})


async def test_asking_at_once_waits_for_all_and_reports_the_first_that_failed(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("b", "hop", service_time=0.1)
    shop.open("c", "hop", workers=1, queue=0)
    shop.open("a", "hop", calls={"b": {}, "c": {}, "d": {}}, parallel=True)
    shop.broken = {"c": Result.RESET, "d": Result.REFUSED}
    assert await shop.ask("a", "GET", "/") == (502, {"service": "a", "error": "c: reset"})
    assert trio.current_time() == pytest.approx(0.1)


@pytest.mark.parametrize("items", ["0", "-1", "1001", "many", "9" * 50])
async def test_a_request_for_senseless_work_is_refused_after_one_piece_of_it(autojump_clock: MockClock, items: str) -> None:
    shop = chain("a")
    assert await shop.ask("a", "GET", f"/?items={items}") == (400, {"error": "items must be a whole number from 1 to 1000"})
    assert trio.current_time() == pytest.approx(0.1)


@pytest.mark.parametrize("settings", [{"times": 1001}, {"items": 1001}, {"consumers": 257}])
def test_a_hop_is_not_set_to_more_than_it_would_take_itself(settings: dict[str, int]) -> None:
    with pytest.raises(BadSetting, match=next(iter(settings))):
        HopSettings(**settings)  # type: ignore[arg-type]


async def test_a_callee_is_left_in_peace_by_requests_that_do_not_need_it(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("stock", "hop")
    shop.open("shop", "hop", calls={"stock": {}}, paths={"stock": "/order"})
    for target, calls in (("/order/1?fast=1", 1), ("/home", 0), ("/", 0)):
        assert await shop.ask("shop", "GET", target) == (200, {"service": "shop", "calls": calls})
    assert [request.target for _callee, request in shop.heard] == ["/order/1"]


# -- through the broker ----------------------------------------------------------------------------------------------------------


def queue(**settings: Any) -> Shop:
    """``a`` hands on to ``b``, which works for 100 ms and hands on to ``c``."""
    shop = Shop()
    shop.open("broker", "broker", visibility=2.0)
    shop.open("a", "hop", calls={"broker": {}}, publish="first")
    shop.open("b", "hop", calls={"broker": {}}, consume="first", publish="second", service_time=0.1, **settings)
    shop.open("c", "hop", calls={"broker": {}}, consume="second", service_time=0.1)
    return shop


def told(shop: Shop, topic: str) -> list[str]:
    """What happened to the message of a topic, in order."""
    return [what for what, _request, data in shop.happened() if data.get("topic") == topic]


async def test_a_hop_that_publishes_answers_at_once_and_the_work_is_done_behind_its_back(autojump_clock: MockClock) -> None:
    shop = queue()
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "b", "c")
        assert await shop.ask("a", "POST", "/work", {"n": 1}, request="r-1") == (202, {"service": "a", "published": 1})
        assert trio.current_time() == 0.0
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert told(shop, "first") == told(shop, "second") == ["published", "delivered", "worked off", "acknowledged"]
    assert {request for _what, request, _data in shop.happened()} == {"r-1"}


async def test_consumers_work_off_so_many_messages_at_once(autojump_clock: MockClock) -> None:
    shop = queue(consumers=2)
    async with trio.open_nursery() as nursery:
        for number in range(6):
            await shop.ask("a", "POST", "/work", request=f"r-{number}")
        shop.run(nursery, "b")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    arrivals = [round(event.at, 6) for event in shop.events if isinstance(event, Arrived) and event.node == "b"]
    assert arrivals == [0.0, 0.0, 0.1, 0.1, 0.2, 0.2]


async def test_work_that_fails_is_not_acknowledged_and_comes_again(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("broker", "broker", visibility=2.0)
    shop.open("c", "hop")
    shop.open("a", "hop", calls={"broker": {}}, publish="topic")
    shop.open("b", "hop", calls={"broker": {}, "c": {}}, consume="topic")
    shop.broken["c"] = Result.REFUSED
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "b")
        await shop.ask("a", "POST", "/work", request="r-1")
        await trio.sleep(1)
        del shop.broken["c"]
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    assert told(shop, "topic") == ["published", "delivered", "delivered", "worked off", "acknowledged"]
    attempts = [event.attempt for event in shop.events if isinstance(event, Arrived) and event.node == "b"]
    assert attempts == [1, 2]


async def test_work_that_could_not_be_handed_on_is_done_again(autojump_clock: MockClock) -> None:
    shop = queue()
    async with trio.open_nursery() as nursery:
        await shop.ask("a", "POST", "/work", request="r-1")
        shop.run(nursery, "b")
        await trio.sleep(0.05)
        shop.broken["broker"] = Result.RESET  # b works until 0.1 and cannot hand on
        await trio.sleep(1)
        del shop.broken["broker"]
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    assert told(shop, "first") == ["published", "delivered", "delivered", "worked off", "acknowledged"]


async def test_a_lost_acknowledgement_means_that_the_work_is_done_twice(autojump_clock: MockClock) -> None:
    shop = queue()
    async with trio.open_nursery() as nursery:
        await shop.ask("a", "POST", "/work", request="r-1")
        shop.open("b", "hop", calls={"broker": {}}, consume="first", service_time=0.1)
        shop.run(nursery, "b")
        await trio.sleep(0.05)
        shop.broken["broker"] = Result.RESET  # b works until 0.1 and cannot say so
        await trio.sleep(1)
        del shop.broken["broker"]
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    assert told(shop, "first") == ["published", "delivered", "worked off", "delivered", "worked off", "acknowledged"]


async def test_consumers_pause_when_the_broker_cannot_be_reached(autojump_clock: MockClock) -> None:
    shop = queue(consumers=1)
    shop.broken["broker"] = Result.REFUSED
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "b")
        await trio.sleep(0.95)
        nursery.cancel_scope.cancel()
    assert len(shop.heard) == 10


async def test_idle_consumers_ask_about_once_a_second(autojump_clock: MockClock) -> None:
    shop = queue(consumers=1)
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "b")
        await trio.sleep(4.5)
        nursery.cancel_scope.cancel()
    assert [request.target for _callee, request in shop.heard] == ["/topics/first/lease?wait=1"] * 5


async def test_a_lease_waits_no_longer_than_its_own_timeout_allows(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("broker", "broker")
    shop.open("b", "hop", calls={"broker": {"timeout": 0.3}}, consume="t", consumers=1)
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "b")
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    assert [request.target for _callee, request in shop.heard] == ["/topics/t/lease?wait=0.15"]


async def test_a_broker_that_is_down_means_that_nothing_was_accepted() -> None:
    shop = queue()
    shop.broken["broker"] = Result.REFUSED
    assert await shop.ask("a", "POST", "/work") == (502, {"service": "a", "error": "broker: refused"})


async def test_a_payload_is_about_as_large_as_asked_and_the_same_in_every_run(autojump_clock: MockClock) -> None:
    bodies = []
    for _ in range(2):
        shop = Shop()
        shop.open("catalog", "hop", payload=40_000.0)
        bodies.append((await shop.ask_raw("catalog", "GET", "/")).body)
    assert bodies[0] == bodies[1]
    assert 40_000 < len(bodies[0]) < 40_500


async def test_a_service_that_compresses_does_so_for_whoever_takes_it(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("catalog", "hop", payload=40_000.0, compress=True)
    plain = await shop.ask_raw("catalog", "GET", "/")
    packed = await shop.ask_raw("catalog", "GET", "/", headers=(("accept-encoding", "gzip"),))
    assert len(packed.body) < len(plain.body) / 3


def test_a_payload_has_an_end() -> None:
    with pytest.raises(BadSetting, match="payload is 2MB; 1MB at most"):
        HopSettings(payload=2e6)
