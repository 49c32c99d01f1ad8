"""A store of three replicas: who is asked, what counts, who takes over, and who is not listened to any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Result
from chaoscli.services.replica_member import ReplicaSettings
from tests.services.shop import Shop

NAMES = ("a", "b", "c")
OK = 200


def group(folder: Path | None = None, **settings: Any) -> Shop:
    """``a`` begins as the primary."""
    shop = Shop(folder=str(folder) if folder else None, wire_s=0.001)
    for name in NAMES:
        calls = {peer: {"timeout": 0.3} for peer in NAMES if peer != name}
        shop.open(name, "replica", calls=calls, primary=name == "a", heartbeat=0.1, patience=0.4, **settings)
    return shop


@asynccontextmanager
async def playing(shop: Shop, *names: str) -> AsyncIterator[None]:
    """Their background work goes on inside."""
    async with trio.open_nursery() as nursery:
        shop.run(nursery, *(names or NAMES))
        await trio.sleep(0.05)
        yield
        nursery.cancel_scope.cancel()


async def write(shop: Shop, name: str, value: Any, *, key: str = "k", request: str = "") -> int:
    status, _said = await shop.ask(name, "PUT", f"/store/{key}?client=me", value, request=request or f"w-{value}")
    return status


async def read(shop: Shop, name: str, *, key: str = "k", client: str = "me") -> Any:
    """The value, or the status when there is none to tell."""
    status, said = await shop.ask(name, "GET", f"/store/{key}?client={client}", request=f"r-{trio.current_time():.4f}")
    return said["value"] if status == OK else status


async def primary(shop: Shop, name: str) -> Any:
    return (await shop.ask(name, "GET", "/replica"))[1]["primary"]


def facts(shop: Shop, *names: str) -> list[str]:
    return [what for what, _request, _data in shop.happened() if what in names]


# -- reading and writing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", ["primary", "quorum"])
async def test_whoever_is_asked_what_is_written_is_read(reads: str, autojump_clock: MockClock) -> None:
    shop = group(reads=reads)
    async with playing(shop):
        assert await read(shop, "b") is None
        for number, name in enumerate(NAMES):
            assert await write(shop, name, number) == OK
            assert [await read(shop, other) for other in NAMES] == [number] * 3


async def test_a_history_is_told_by_whoever_the_client_asked(autojump_clock: MockClock) -> None:
    shop = group()
    async with playing(shop):
        await write(shop, "b", {"n": 1})
        await read(shop, "c", client="you")
    told = [(what, data) for what, _request, data in shop.happened() if "invoked" in what or "returned" in what]
    name = told[2][1]["operation"]
    assert told == [
        ("write invoked", {"operation": "w-{'n': 1}/1", "client": "me", "key": "k", "value": {"n": 1}}),
        ("write returned", {"operation": "w-{'n': 1}/1", "outcome": "ok"}),
        ("read invoked", {"operation": name, "client": "you", "key": "k"}),
        ("read returned", {"operation": name, "outcome": "ok", "value": {"n": 1}}),
    ]


async def test_the_same_operation_once_more_is_the_same_write(autojump_clock: MockClock) -> None:
    shop = group()
    async with playing(shop):
        assert [await write(shop, name, 1, request="w") for name in ("a", "b")] == [OK, OK]
    assert facts(shop, "write accepted") == ["write accepted"]


@pytest.mark.parametrize(("acknowledge", "status"), [("primary", 200), ("majority", 504)])
async def test_alone_a_primary_acknowledges_only_if_it_need_not_ask(
    acknowledge: str, status: int, autojump_clock: MockClock
) -> None:
    shop = group(acknowledge=acknowledge)
    async with playing(shop, "a"):
        shop.broken |= {"b": Result.TIMEOUT, "c": Result.TIMEOUT}
        assert await write(shop, "a", 1) == status


@pytest.mark.parametrize(("reads", "answer"), [("local", None), ("primary", None), ("quorum", 503)])
async def test_alone_a_primary_answers_readers_only_if_it_need_not_ask(
    reads: str, answer: Any, autojump_clock: MockClock
) -> None:
    shop = group(reads=reads)
    async with playing(shop, "a"):
        shop.broken |= {"b": Result.TIMEOUT, "c": Result.TIMEOUT}
        assert await read(shop, "a") == answer


@pytest.mark.parametrize(("reads", "seen"), [("local", None), ("sticky", 1)])
async def test_a_follower_that_is_behind_answers_with_what_it_has_unless_the_client_wrote_through_it(
    reads: str, seen: Any, autojump_clock: MockClock
) -> None:
    shop = group(acknowledge="primary", reads=reads)
    async with playing(shop):
        shop.broken["b"] = Result.TIMEOUT
        assert await write(shop, "b", 1) == OK  # acknowledged by a, which cannot reach b just now
        assert await read(shop, "b", client="you") is None
        shop.broken.clear()
        assert await read(shop, "b") == seen


async def test_a_sticky_reader_whose_write_never_comes_is_told_so(autojump_clock: MockClock) -> None:
    shop = group(acknowledge="primary", reads="sticky", failover="none")
    async with playing(shop):
        await write(shop, "b", 1)
        shop.broken["b"] = Result.TIMEOUT
        assert await write(shop, "b", 2) == OK
        assert await read(shop, "b") == 503


async def test_nobody_can_write_where_no_primary_is_known(autojump_clock: MockClock) -> None:
    shop = group()
    assert await shop.ask("b", "PUT", "/store/k", 1) == (503, {"key": "k", "error": "no primary is known"})
    assert [data["outcome"] for _what, _request, data in shop.happened("write returned")] == ["failed"]


@pytest.mark.parametrize(
    ("result", "status", "outcome"),
    [(Result.REFUSED, 503, "failed"), (Result.RESET, 504, "unknown"), (Result.TIMEOUT, 504, "unknown")],
)
async def test_an_outcome_that_nobody_knows_is_told_as_such(
    result: Result, status: int, outcome: str, autojump_clock: MockClock
) -> None:
    shop = group()
    async with playing(shop):
        shop.broken["a"] = result
        assert await write(shop, "b", 1) == status
    assert [data["outcome"] for _what, _request, data in shop.happened("write returned")] == [outcome]


# -- taking over ---------------------------------------------------------------------------------------------------------------


async def test_a_majority_elects_another_when_the_primary_is_gone_and_nothing_is_lost(autojump_clock: MockClock) -> None:
    shop = group()
    async with playing(shop):
        await write(shop, "a", 1)
    shop.broken["a"] = Result.REFUSED
    async with playing(shop, "b", "c"):
        await trio.sleep(2)
        assert await primary(shop, "b") == await primary(shop, "c") != "a"
        assert await read(shop, "b") == 1
        assert await write(shop, "c", 2) == OK


async def test_one_that_is_alone_elects_nobody_and_deposes_nobody_when_it_is_back(autojump_clock: MockClock) -> None:
    shop = group()
    async with playing(shop):
        await write(shop, "a", 1)
    async with playing(shop, "c"):
        shop.broken |= {"a": Result.TIMEOUT, "b": Result.TIMEOUT}
        await trio.sleep(3)
        assert "became primary" not in facts(shop, "became primary")[1:]
    shop.broken.clear()
    async with playing(shop):
        await trio.sleep(0.5)
        assert [await primary(shop, name) for name in NAMES] == ["a"] * 3
        assert (await shop.ask("a", "GET", "/replica"))[1]["term"] == 1


async def test_told_to_one_takes_over_alone(autojump_clock: MockClock) -> None:
    shop = group(failover="alone", acknowledge="primary")
    async with playing(shop, "c"):
        shop.broken |= {"a": Result.TIMEOUT, "b": Result.TIMEOUT}
        await trio.sleep(1)
        assert await primary(shop, "c") == "c"
        assert await write(shop, "c", 1) == OK


async def test_told_not_to_nobody_does(autojump_clock: MockClock) -> None:
    shop = group(failover="none")
    shop.broken["a"] = Result.REFUSED
    async with playing(shop, "b", "c"):
        await trio.sleep(3)
        assert [await primary(shop, name) for name in ("b", "c")] == [None, None]


async def test_an_old_primary_is_fenced_off_and_what_it_took_alone_is_taken_back(autojump_clock: MockClock) -> None:
    shop = group(acknowledge="primary", reads="local")
    async with playing(shop):
        await write(shop, "a", 1)
    async with playing(shop, "a"):
        shop.broken |= {"b": Result.TIMEOUT, "c": Result.TIMEOUT}
        assert await write(shop, "a", "lost") == OK
    shop.broken = {"a": Result.TIMEOUT}
    async with playing(shop, "b", "c"):
        await trio.sleep(2)
        new = await primary(shop, "b")
        assert await write(shop, new, 2) == OK
    shop.broken.clear()
    async with playing(shop):
        await trio.sleep(1)
        assert [await read(shop, name) for name in NAMES] == [2, 2, 2]
    rolled_back = [data["operation"] for _what, _request, data in shop.happened("write rolled back")]
    assert rolled_back == ["w-lost/1"]
    assert facts(shop, "stepped down") == ["stepped down"]


async def test_a_promise_outlives_the_one_who_gave_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    shop = group(tmp_path)
    vote = {"term": 7, "candidate": "b", "last": 9, "last_term": 6, "trial": False}
    assert await shop.ask("c", "POST", "/replica/vote", vote) == (200, {"term": 7, "granted": True})
    after = group(tmp_path)
    assert await after.ask("c", "POST", "/replica/vote", {**vote, "candidate": "a"}) == (200, {"term": 7, "granted": False})
    old = {"term": 6, "primary": "a", "before": 0, "before_term": 0, "entries": [], "committed": 0}
    assert await after.ask("c", "POST", "/replica/append", old) == (200, {"term": 7, "ok": False, "last": 0})
    assert facts(after, "fenced off") == ["fenced off"]


async def test_a_primary_that_died_is_one_again_only_by_election(tmp_path: Path, autojump_clock: MockClock) -> None:
    shop = group(tmp_path)
    async with playing(shop):
        await write(shop, "a", 1)
    after = group(tmp_path)
    assert facts(after, "became primary") == []
    async with playing(after):
        await trio.sleep(2)
        assert await read(after, "a") == 1
    assert await primary(group(tmp_path, failover="none"), "a") == "a"


# -- what makes no sense -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("PUT", "/store/k", b"{"),
        ("PUT", "/store/k", b"null"),
        ("PUT", f"/store/{'k' * 257}", b"1"),
        ("GET", f"/store/k?client={'c' * 257}", b""),
        ("POST", "/replica/vote", b"{}"),
        ("POST", "/replica/append", b'{"term": true}'),
        ("POST", "/replica/append", b'{"term":1,"primary":"a","before":0,"before_term":0,"entries":[7],"committed":0}'),
        ("POST", "/replica/write", b'{"operation":"o","key":1,"value":"1"}'),
    ],
)
async def test_nonsense_is_refused(method: str, target: str, body: bytes) -> None:
    assert (await group().ask("a", method, target, body))[0] == 400


@pytest.mark.parametrize(("target", "status"), [("/elsewhere", 404), ("/store/k", 405)])
async def test_what_is_not_there_is_told(target: str, status: int) -> None:
    assert (await group().ask("a", "POST", target))[0] == status


@pytest.mark.parametrize("settings", [{"heartbeat": 0.0}, {"heartbeat": 0.5, "patience": 0.5}])
def test_a_primary_must_be_heard_of_before_it_is_given_up(settings: dict[str, float]) -> None:
    with pytest.raises(BadSetting):
        ReplicaSettings(**settings)  # type: ignore[arg-type]
