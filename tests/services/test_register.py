from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from chaoscli.messages import SENT_AT, Result
from chaoscli.services.clocks import Kind, Stamp
from tests.services.shop import CURTAIN_WALL_S, Shop

CURTAIN_US = round(CURTAIN_WALL_S * 1e6)


def pair(stamps: Kind, *, wire_s: float = 0.1, **settings: Any) -> Shop:
    """``a`` and ``b`` hold the same register, a tenth of a second apart."""
    shop = Shop(wire_s=wire_s)
    shop.open("a", "register", calls={"b": {}}, stamps=stamps, **settings)
    shop.open("b", "register", calls={"a": {}}, stamps=stamps, **settings)
    return shop


async def put(shop: Shop, node: str, value: Any, *, key: str = "k", request: str = "") -> dict[str, Any]:
    status, said = await shop.ask(node, "PUT", f"/register/{key}", value, request=request)
    assert status == 200
    return dict(said)


async def values(shop: Shop, key: str = "k") -> list[Any]:
    return [(await shop.ask(node, "GET", f"/register/{key}"))[1]["value"] for node in shop.nodes]


async def test_what_was_written_is_read_with_its_stamp(autojump_clock: MockClock) -> None:
    shop = pair("wall")
    stamp = f"{CURTAIN_US}.0.a"
    assert await put(shop, "a", {"n": 1}) == {"key": "k", "value": {"n": 1}, "stamp": stamp, "applied": True}
    read = await shop.ask_raw("a", "GET", "/register/k")
    assert (read.status, read.body) == (200, b'{"key":"k","value":{"n":1},"stamp":"%s"}' % stamp.encode())
    assert read.header("x-stamp") == stamp
    assert await shop.ask("a", "GET", "/register/other") == (404, {"key": "other", "error": "nothing was written"})


async def test_a_write_reaches_the_peers_behind_the_answers_back(autojump_clock: MockClock) -> None:
    shop = pair("wall")
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "a", "b")
        await put(shop, "a", "new", request="r-1")
        assert trio.current_time() == 0.0
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    assert await values(shop) == ["new", "new"]
    stamp = f"{CURTAIN_US}.0.a"
    assert shop.happened("write applied") == [
        ("write applied", "r-1", {"key": "k", "value": "new", "stamp": stamp, "held": ""}),
        ("write applied", "r-1", {"key": "k", "value": "new", "stamp": stamp, "held": ""}),
    ]
    assert len(shop.heard) == 1  # what came from a peer is not sent on


async def later_write_at_a_node_whose_clock_is_behind(stamps: Kind) -> Shop:
    """b is 150 ms behind. a writes first; b hears of it after 100 ms and then writes something newer."""
    shop = pair(stamps)
    shop.nodes["b"].clock.skew(offset_s=-0.150)
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "a", "b")
        await put(shop, "a", "first", request="r-1")
        await trio.sleep(0.11)
        await put(shop, "b", "second", request="r-2")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    return shop


async def test_by_wall_clocks_the_newer_write_is_lost(autojump_clock: MockClock) -> None:
    shop = await later_write_at_a_node_whose_clock_is_behind("wall")
    assert await values(shop) == ["first", "first"]
    assert shop.happened("newer write lost") == [
        # b writes at 0.110 s and stamps it 0.110 - 0.150.
        (
            "newer write lost",
            "r-2",
            {"key": "k", "value": "second", "stamp": f"{CURTAIN_US - 40_000}.0.b", "held": f"{CURTAIN_US}.0.a"},
        )
    ]


@pytest.mark.parametrize("stamps", ["lamport", "hybrid"])
async def test_by_logical_clocks_the_newer_write_stands(autojump_clock: MockClock, stamps: Kind) -> None:
    shop = await later_write_at_a_node_whose_clock_is_behind(stamps)
    assert await values(shop) == ["second", "second"]
    assert shop.happened("newer write lost") == []


async def test_a_message_from_the_future_is_told_with_both_clocks(autojump_clock: MockClock) -> None:
    shop = await later_write_at_a_node_whose_clock_is_behind("hybrid")
    # Sent by a at 0.000 by a's clock, received by b at 0.100 - 0.150 by b's own: 50 ms before it was sent.
    ((what, request, data),) = shop.happened("message from the future")
    assert (what, request, data["sender"]) == ("message from the future", "r-1", "a")
    assert data["ahead_s"] == pytest.approx(0.05, abs=1e-6)
    assert data["sent_wall_s"] - data["received_wall_s"] == data["ahead_s"]


@pytest.mark.parametrize("sent_at", ["", "tomorrow", "nan", "inf"])
async def test_a_sender_without_a_clock_is_not_from_the_future(sent_at: str) -> None:
    shop = pair("wall")
    await shop.ask("a", "PUT", "/register/k", 1, headers=(("x-stamp", "1.0.b"), (SENT_AT, sent_at)))
    assert [what for what, _request, _data in shop.happened()] == ["write applied"]


async def test_an_older_write_of_a_peer_is_discarded() -> None:
    shop = pair("lamport")
    await put(shop, "a", "mine")
    status, said = await shop.ask("a", "PUT", "/register/k", "theirs", headers=(("x-stamp", "0.1.A"),))
    assert (status, said["applied"]) == (200, False)
    assert shop.happened("write discarded") == [
        ("write discarded", "a-2", {"key": "k", "value": "theirs", "stamp": "0.1.A", "held": "0.1.a"})
    ]


@pytest.mark.parametrize(("body", "stamp"), [(b"", ""), (b"null", ""), (b"{", ""), (b"1", "yesterday"), (b"1", "1.2")])
async def test_what_cannot_be_read_is_not_written(body: bytes, stamp: str) -> None:
    shop = pair("wall")
    headers = (("x-stamp", stamp),) if stamp else ()
    assert (await shop.ask("a", "PUT", "/register/k", body, headers=headers))[0] == 400
    assert shop.happened() == []


async def test_writes_made_during_a_partition_arrive_after_it(autojump_clock: MockClock) -> None:
    shop = pair("hybrid")
    shop.broken = {"b": Result.RESET}
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "a", "b")
        for number in range(3):
            await put(shop, "a", number)
            await trio.sleep(0.5)
        assert (await shop.ask("b", "GET", "/register/k"))[0] == 404
        shop.broken = {}
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    assert await values(shop) == [2, 2]
    # Each node took each of them; what came behind a newer one was taken and discarded.
    met = [data["value"] for what, _request, data in shop.happened() if what in ("write applied", "write discarded")]
    assert sorted(met) == [0, 0, 1, 1, 2, 2]


async def test_a_write_on_its_way_does_not_hold_back_the_next(autojump_clock: MockClock) -> None:
    shop = pair("hybrid", wire_s=0.1)
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "a", "b")
        for key in ("k-1", "k-2", "k-3"):
            await put(shop, "a", "new", key=key)
        await trio.sleep(0.15)
        nursery.cancel_scope.cancel()
    assert [await values(shop, key) for key in ("k-1", "k-2", "k-3")] == [["new", "new"]] * 3


async def test_a_register_opened_again_goes_on_counting(tmp_path: Path) -> None:
    def opened() -> Shop:
        shop = Shop(folder=str(tmp_path))
        shop.open("a", "register", stamps="lamport")
        return shop

    await put(opened(), "a", "before")
    again = opened()
    assert (await put(again, "a", "after"))["applied"] is True
    assert await values(again) == ["after"]


WRITES = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from([0.0, 0.05, 0.3])), max_size=12)


@given(st.sampled_from(["wall", "lamport", "hybrid"]), WRITES, st.floats(-0.5, 0.5))
def test_replicas_agree_once_all_is_delivered(stamps: Kind, writes: list[tuple[str, str, float]], skew_s: float) -> None:
    async def play() -> None:
        shop = pair(stamps)
        shop.nodes["b"].clock.skew(offset_s=skew_s)
        async with trio.open_nursery() as nursery:
            shop.run(nursery, "a", "b")
            for number, (node, key, pause_s) in enumerate(writes):
                await put(shop, node, number, key=key)
                await trio.sleep(pause_s)
            await trio.sleep(10)
            nursery.cancel_scope.cancel()
        for key in {key for _node, key, _pause in writes}:
            held = [await shop.ask(node, "GET", f"/register/{key}") for node in "ab"]
            assert held[0] == held[1]
            assert Stamp.parse(held[0][1]["stamp"]).node in ("a", "b")
        if stamps != "wall":
            assert shop.happened("newer write lost") == []

    trio.run(play, clock=MockClock(autojump_threshold=0))
