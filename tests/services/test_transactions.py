"""A coordinator and its participants: all or none, who is in doubt meanwhile, and what is left of it when somebody dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Result
from chaoscli.services.participant import ParticipantSettings
from tests.services.shop import Shop

BOTH = {"stock": {"thing": "book", "quantity": 2}, "money": {"thing": "purse", "quantity": 30}}


def opened(folder: Path | None = None, *, protocol: str = "two_phase", recovers: bool = True) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("stock", "participant", holds={"book": 10})
    shop.open("money", "participant", holds={"purse": 50})
    calls = {name: {"timeout": 0.5} for name in ("stock", "money")}
    shop.open("coordinator", "coordinator", calls=calls, protocol=protocol, recovers=recovers)
    return shop


async def transact(shop: Shop, request: str = "r-1", **changed: Any) -> tuple[int, str]:
    status, said = await shop.ask("coordinator", "POST", "/transactions", {**BOTH, **changed}, request=request)
    return status, said["outcome"]


async def run(shop: Shop, seconds: float = 1.0) -> None:
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "coordinator")
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()


async def left(shop: Shop) -> tuple[int, int]:
    books = (await shop.ask("stock", "GET", "/things/book"))[1]["left"]
    return books, (await shop.ask("money", "GET", "/things/purse"))[1]["left"]


async def locked(shop: Shop) -> list[bool]:
    things = (("stock", "book"), ("money", "purse"))
    return [(await shop.ask(name, "GET", f"/things/{thing}"))[1]["lockedBy"] is not None for name, thing in things]


async def walk_in(shop: Shop) -> int:
    return (await shop.ask("stock", "POST", "/things/book/take"))[0]


def facts(shop: Shop) -> list[str]:
    return [what for what, _request, _data in shop.happened()]


# -- two phases ----------------------------------------------------------------------------------------------------------------


async def test_what_all_vote_for_is_decided_and_then_taken_by_all(autojump_clock: MockClock) -> None:
    shop = opened()
    assert await transact(shop) == (200, "committed")
    assert (await left(shop), await locked(shop)) == ((10, 50), [True, True])
    await run(shop)
    assert (await left(shop), await locked(shop)) == ((8, 20), [False, False])
    assert facts(shop) == ["transaction begun", "prepared", "prepared", "transaction committed", "taken", "taken"]


async def test_what_one_votes_against_is_taken_by_nobody(autojump_clock: MockClock) -> None:
    shop = opened()
    assert await transact(shop, money={"thing": "purse", "quantity": 51}) == (409, "aborted")
    await run(shop)
    assert (await left(shop), await locked(shop)) == ((10, 50), [False, False])


async def test_who_does_not_answer_has_voted_against_and_is_told_until_it_hears(autojump_clock: MockClock) -> None:
    shop = opened()
    shop.broken["money"] = Result.TIMEOUT
    assert await transact(shop) == (409, "aborted")
    await run(shop, 2)
    shop.broken.clear()
    await run(shop, 2)
    assert (await left(shop), await locked(shop)) == ((10, 50), [False, False])
    # A vote that was late on its way must not lock what was aborted.
    name = shop.happened("transaction begun")[0][2]["transaction"]
    late = await shop.ask("money", "POST", f"/transactions/{name}/prepare", BOTH["money"])
    assert (late, await locked(shop)) == ((200, {"yes": False}), [False, False])


async def test_who_is_in_doubt_makes_everybody_else_wait_and_then_says_no(autojump_clock: MockClock) -> None:
    shop = opened()
    await transact(shop)
    began_at = trio.current_time()
    assert await walk_in(shop) == 503
    assert trio.current_time() - began_at == pytest.approx(0.3)
    assert await transact(shop, request="r-2") == (409, "aborted")
    await run(shop)
    assert await walk_in(shop) == 200


async def test_who_waits_goes_on_the_moment_it_is_over(autojump_clock: MockClock) -> None:
    shop = opened()
    await transact(shop)

    async def end_it() -> None:
        await trio.sleep(0.1)
        await run(shop, 0.05)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end_it)
        began_at = trio.current_time()
        assert await walk_in(shop) == 200
        assert trio.current_time() - began_at == pytest.approx(0.1)


# -- somebody dies -------------------------------------------------------------------------------------------------------------


async def test_a_participant_that_dies_in_doubt_is_in_doubt_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    await transact(opened(tmp_path))
    after = opened(tmp_path, recovers=False)
    assert facts(after)[:2] == ["in doubt again", "in doubt again"]
    assert (await locked(after), await walk_in(after)) == ([True, True], 503)


async def test_a_coordinator_that_is_back_tells_what_it_had_decided(tmp_path: Path, autojump_clock: MockClock) -> None:
    assert await transact(opened(tmp_path)) == (200, "committed")
    after = opened(tmp_path)
    await run(after)
    assert (await left(after), await locked(after)) == ((8, 20), [False, False])


@pytest.mark.parametrize("protocol", ["two_phase", "saga"])
async def test_and_aborts_what_it_had_not(protocol: str, tmp_path: Path, autojump_clock: MockClock) -> None:
    shop = opened(tmp_path, protocol=protocol)
    shop.broken["money"] = Result.TIMEOUT
    with trio.move_on_after(0.1):
        await transact(shop)
    after = opened(tmp_path, protocol=protocol)
    await run(after)
    assert (await left(after), await locked(after)) == ((10, 50), [False, False])
    assert "transaction aborted" in facts(after)


async def test_one_that_takes_up_nothing_leaves_them_in_doubt(tmp_path: Path, autojump_clock: MockClock) -> None:
    await transact(opened(tmp_path))
    after = opened(tmp_path, recovers=False)
    await run(after, 5)
    assert await locked(after) == [True, True]


# -- a saga --------------------------------------------------------------------------------------------------------------------


async def test_a_saga_takes_one_after_the_other_and_locks_nothing(autojump_clock: MockClock) -> None:
    shop = opened(protocol="saga")
    assert await transact(shop) == (200, "committed")
    assert (await left(shop), await locked(shop)) == ((8, 20), [False, False])
    assert facts(shop) == ["transaction begun", "taken", "taken", "transaction committed"]


async def test_a_saga_that_fails_gives_back_what_others_have_seen_gone(autojump_clock: MockClock) -> None:
    shop = opened(protocol="saga")
    assert await transact(shop, money={"thing": "purse", "quantity": 51}) == (409, "aborted")
    assert await left(shop) == (8, 50)
    await run(shop)
    assert await left(shop) == (10, 50)
    assert facts(shop) == ["transaction begun", "taken", "transaction aborted", "given back"]


async def test_an_outcome_told_twice_is_told_once(autojump_clock: MockClock) -> None:
    shop = opened()
    shop.answers_lost = {"stock": 0}
    await transact(shop)
    shop.answers_lost["stock"] = 2
    await run(shop, 2)
    assert await left(shop) == (8, 20)
    assert facts(shop).count("taken") == 2


# -- what makes no sense ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"{", b"{}", b"[]", b'{"nobody": {}}', b'{"stock": 1}'])
async def test_a_transaction_must_name_its_participants(body: bytes) -> None:
    assert (await opened().ask("coordinator", "POST", "/transactions", body))[0] == 400


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("/transactions/t/prepare", b'{"thing": "book"}', 400),
        ("/transactions/t/take", b'{"thing": "book", "quantity": 0}', 400),
        ("/transactions/t/elsewhere", b"{}", 404),
        ("/things/pen/take", b"", 400),
        ("/things/book/take?quantity=0", b"", 400),
        ("/things/book/take?quantity=11", b"", 409),
    ],
)
async def test_a_participant_refuses_nonsense(target: str, body: bytes, status: int) -> None:
    assert (await opened().ask("stock", "POST", target, body))[0] == status


def test_nobody_holds_less_than_nothing() -> None:
    with pytest.raises(BadSetting, match="-1 of 'book'"):
        ParticipantSettings(holds={"book": -1})
