from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from chaoscli.events import CallEnded, CallStarted, Happened
from chaoscli.messages import (
    ATTEMPT,
    CALLER,
    REQUEST_ID,
    SENT_AT,
    TRACE_PARENT,
    CallError,
    Request,
    Result,
)
from chaoscli.services.node import transaction
from tests.services.shop import CURTAIN_WALL_S, Shop

TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"
CAUSE = Request(method="POST", target="/api/orders", headers=((REQUEST_ID, "r-1"), (TRACE_PARENT, TRACE)))


def pair(*, seed: int = 7, **policy: object) -> Shop:
    shop = Shop(seed=seed)
    shop.open("b", "hop")
    shop.open("a", "hop", calls={"b": policy})
    return shop


async def test_a_call_carries_who_asks_for_what_and_when(autojump_clock: MockClock) -> None:
    shop = pair()
    await trio.sleep(1.5)
    await shop.nodes["a"].call("b", "PUT", "/x", json={"é": [1]}, headers=(("x-own", "1"),), cause=CAUSE)
    ((_callee, request),) = shop.heard
    headers = dict(request.headers)
    span = headers.pop(TRACE_PARENT).split("-")
    assert (span[:2], span[2] == "cd" * 8) == (["00", "ab" * 16], False)
    assert headers == {
        REQUEST_ID: "r-1", CALLER: "a", ATTEMPT: "1", SENT_AT: f"{CURTAIN_WALL_S + 1.5:.6f}",
        "content-type": "application/json", "x-own": "1",
    }  # fmt: skip
    assert (request.method, request.target, request.body) == ("PUT", "/x", '{"é":[1]}'.encode())


async def test_each_attempt_is_a_span_sent_at_its_own_time_by_the_callers_clock(autojump_clock: MockClock) -> None:
    shop = pair(retry={"attempts": 3, "backoff": "constant", "base": 0.5})
    shop.broken["b"] = Result.REFUSED
    node = shop.nodes["a"]
    node.clock.skew(offset_s=-100.0)
    with pytest.raises(CallError):
        await node.call("b", "GET", "/x", cause=CAUSE)
    requests = [request for _callee, request in shop.heard]
    assert [request.header(SENT_AT) for request in requests] == [f"{CURTAIN_WALL_S - 100 + pause:.6f}" for pause in (0, 0.5, 1.0)]
    assert [request.header(ATTEMPT) for request in requests] == ["1", "2", "3"]
    assert {request.header(REQUEST_ID) for request in requests} == {"r-1"}
    assert len({request.header(TRACE_PARENT) for request in requests}) == 3


async def test_the_same_calls_are_the_same_spans_in_another_run() -> None:
    async def spans(seed: int) -> list[str]:
        shop = pair(seed=seed)
        for number in (1, 2):
            await shop.nodes["a"].call("b", "GET", "/x", cause=CAUSE, number=number)
        return [request.header(TRACE_PARENT) for _callee, request in shop.heard]

    once, again, other = await spans(7), await spans(7), await spans(8)
    assert once == again
    assert len({*once, *other}) == 4


async def test_calls_are_told(autojump_clock: MockClock) -> None:
    shop = pair()
    await shop.nodes["a"].call("b", "GET", "/x", cause=CAUSE)
    calls = [event for event in shop.events if isinstance(event, CallStarted | CallEnded)]
    assert calls == [
        CallStarted(at=0.0, caller="a", callee="b", request="r-1", attempt=1, target="/x"),
        CallEnded(at=0.0, caller="a", callee="b", request="r-1", attempt=1, result=Result.OK, seconds=0.0, status=200),
    ]


async def test_the_policy_of_a_link_is_that_of_its_settings(autojump_clock: MockClock) -> None:
    shop = pair(timeout=0.25)
    shop.broken["b"] = Result.TIMEOUT
    with pytest.raises(CallError) as caught:
        await shop.nodes["a"].call("b", "GET", "/x", cause=CAUSE)
    assert (caught.value.result, trio.current_time(), shop.nodes["a"].policy("b").timeout) == (Result.TIMEOUT, 0.25, 0.25)


def test_dice_and_identifiers_depend_on_the_seed_the_node_and_the_names_alone() -> None:
    one, again, other = pair(), pair(), pair(seed=8)
    draw = [shop.nodes["a"].random("work", "r-1", 2).random() for shop in (one, again, other)]
    assert draw[0] == draw[1] != draw[2]
    assert one.nodes["b"].random("work", "r-1", 2).random() != draw[0]
    assert one.nodes["a"].uuid("order", "r-1") == again.nodes["a"].uuid("order", "r-1") != other.nodes["a"].uuid("order", "r-1")
    assert one.nodes["a"].uuid("order", "r-2") != one.nodes["a"].uuid("order", "r-1")


async def test_a_fact_is_told_with_the_request_that_led_to_it() -> None:
    shop = pair()
    node = shop.nodes["a"]
    node.happened("stock reserved", CAUSE, product="PEN")
    node.happened("opened")
    node.happened("delivered", "r-9")
    assert [(event.node, event.what, event.request, event.data) for event in shop.events if isinstance(event, Happened)] == [
        ("a", "stock reserved", "r-1", {"product": "PEN"}),
        ("a", "opened", "", {}),
        ("a", "delivered", "r-9", {}),
    ]


# -- clocks --------------------------------------------------------------------------------------------------------------------


async def test_a_wall_clock_can_be_off_and_run_at_another_rate_and_be_healed(autojump_clock: MockClock) -> None:
    clock = pair().nodes["a"].clock
    await trio.sleep(10)
    assert clock.time() == CURTAIN_WALL_S + 10
    clock.skew(offset_s=-0.5, drift_ppm=200.0)
    assert clock.time() == CURTAIN_WALL_S + 9.5
    await trio.sleep(1000)
    # 1000 s at 200 millionths are 0.2 s.
    assert clock.time() == pytest.approx(CURTAIN_WALL_S + 1010 - 0.5 + 0.2, abs=1e-6)
    clock.skew()
    assert clock.time() == CURTAIN_WALL_S + 1010


async def test_waiting_knows_nothing_of_the_wall_clock(autojump_clock: MockClock) -> None:
    node = pair().nodes["a"]
    node.clock.skew(offset_s=-3600.0, drift_ppm=500_000.0)
    await node.sleep(2.0)
    assert node.now() == 2.0


# -- databases -------------------------------------------------------------------------------------------------------------------


def test_databases_are_a_nodes_own_and_stay(tmp_path: Path) -> None:
    for value in (1, 2):
        shop = Shop(folder=str(tmp_path))
        node = shop.open("a", "hop")
        database = node.database("things")
        database.execute("CREATE TABLE IF NOT EXISTS things (value INTEGER)")
        database.execute("INSERT INTO things VALUES (?)", (value,))
        rows = database.execute("SELECT value FROM things").fetchall()
        node.close()
    assert rows == [(1,), (2,)]
    assert [path.name for path in tmp_path.iterdir()] == ["a-things.sqlite"]


def test_a_transaction_takes_effect_as_a_whole_or_not_at_all() -> None:
    database = Shop().open("a", "hop").database("things")
    database.execute("CREATE TABLE things (value INTEGER)")
    with transaction(database):
        database.execute("INSERT INTO things VALUES (1)")

    def half() -> None:
        with transaction(database):
            database.execute("INSERT INTO things VALUES (2)")
            database.execute("INSERT INTO nothing VALUES (3)")

    with pytest.raises(sqlite3.OperationalError):
        half()
    assert database.execute("SELECT value FROM things").fetchall() == [(1,)]
