"""A lock, two who want it, and what it protects: who believes what while nobody can be reached, and what a token does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.events import Happened
from chaoscli.faults.base import BadSetting
from chaoscli.messages import Result
from chaoscli.services.holder import HolderSettings
from chaoscli.services.lock import LockSettings
from tests.services.shop import Shop


def opened(folder: Path | None = None, *, fencing: bool = False, **settings: Any) -> Shop:
    shop = Shop(folder=str(folder) if folder else None, wire_s=0.001)
    shop.open("lock", "lock", lasts=0.6)
    shop.open("vault", "vault", fencing=fencing)
    for name in ("one", "two"):
        begins = 0.3 if name == "two" else 0.0
        shop.open(name, "holder", calls={"lock": {"timeout": 0.2}, "vault": {"timeout": 0.2}}, begins=begins, **settings)
    return shop


async def ask(shop: Shop, holder: str) -> tuple[int, Any]:
    status, said = await shop.ask("lock", "POST", "/locks/job", {"holder": holder})
    return status, said.get("token", said.get("holder"))


async def write(shop: Shop, token: int) -> int:
    piece = {"holder": "one", "token": token, "value": "v"}
    status, _said = await shop.ask("vault", "POST", "/vault/job", piece)
    return status


@asynccontextmanager
async def playing(shop: Shop) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "one", "two")
        yield
        nursery.cancel_scope.cancel()


def writers(shop: Shop, since: float = 0.0) -> set[str]:
    """Who has written to the vault from then on."""
    facts = [event for event in shop.events if isinstance(event, Happened)]
    return {str(one.data["holder"]) for one in facts if one.what == "vault written" and one.at >= since}


# -- the lock ------------------------------------------------------------------------------------------------------------------


async def test_a_lease_is_granted_to_one_at_a_time_and_ends_by_itself(autojump_clock: MockClock) -> None:
    shop = opened()
    assert [await ask(shop, "one"), await ask(shop, "two"), await ask(shop, "one")] == [(200, 1), (409, "one"), (200, 1)]
    await trio.sleep(0.7)
    assert [await ask(shop, "two"), await ask(shop, "one")] == [(200, 2), (409, "two")]


async def test_the_same_holder_has_a_new_token_when_its_lease_had_ended(autojump_clock: MockClock) -> None:
    shop = opened()
    await ask(shop, "one")
    await trio.sleep(0.7)
    assert await ask(shop, "one") == (200, 2)


async def test_who_is_done_gives_it_back_and_nobody_else_can() -> None:
    shop = opened()
    await ask(shop, "one")
    back = [await shop.ask("lock", "DELETE", "/locks/job", {"holder": who}) for who in ("two", "one", "one")]
    assert [said["givenBack"] for _status, said in back] == [False, True, False]
    assert await ask(shop, "two") == (200, 2)


async def test_leases_and_tokens_outlive_the_lock(tmp_path: Path) -> None:
    shop = opened(tmp_path)
    await ask(shop, "one")
    after = opened(tmp_path)
    assert await ask(after, "two") == (409, "one")
    assert (await after.ask("lock", "GET", "/locks/job"))[1]["holder"] == "one"


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"holder": 1}', b'{"holder": "a", "more": 1}'])
async def test_who_asks_must_say_who_it_is(body: bytes) -> None:
    assert (await opened().ask("lock", "POST", "/locks/job", body))[0] == 400


# -- the vault -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fencing", "statuses"), [(False, [200, 200, 200]), (True, [200, 200, 409])])
async def test_a_fenced_vault_refuses_an_older_token(fencing: bool, statuses: list[int]) -> None:
    shop = opened(fencing=fencing)
    assert [await write(shop, token) for token in (1, 2, 1)] == statuses
    assert (await shop.ask("vault", "GET", "/vault/job"))[1]["token"] == 2


async def test_the_highest_token_outlives_the_vault(tmp_path: Path) -> None:
    await write(opened(tmp_path, fencing=True), 7)
    assert await write(opened(tmp_path, fencing=True), 6) == 409


# -- who holds it --------------------------------------------------------------------------------------------------------------


async def test_one_works_for_as_long_as_it_renews_and_the_other_waits(autojump_clock: MockClock) -> None:
    shop = opened()
    async with playing(shop):
        await trio.sleep(3)
    assert writers(shop) == {"one"}
    assert len(shop.happened("lease granted")) == 1


@pytest.mark.parametrize(("believes", "both"), [("wall", {"one", "two"}), ("monotonic", {"two"})])
async def test_a_clock_that_stands_still_makes_a_lease_endless(believes: str, both: set[str], autojump_clock: MockClock) -> None:
    shop = opened(believes=believes)
    async with playing(shop):
        await trio.sleep(1)
        shop.nodes["one"].clock.skew(drift_ppm=-1e6)
        shop.cut.add(("one", "lock"))
        await trio.sleep(2)
    # Two is granted the lease within 600 ms; what one writes after that, it writes beside it.
    assert writers(shop, since=2.0) == both


async def test_who_cannot_reach_the_lock_stops(autojump_clock: MockClock) -> None:
    shop = opened()
    async with playing(shop):
        await trio.sleep(1)
        shop.broken["lock"] = Result.TIMEOUT
        await trio.sleep(2)
    assert writers(shop, since=1.8) == set()


@pytest.mark.parametrize("settings", [{"asks": 0.0}, {"thinks": 0.0}, {"hands": 65}])
def test_a_holder_has_some_rest(settings: dict[str, Any]) -> None:
    with pytest.raises(BadSetting):
        HolderSettings(**settings)


def test_a_lease_lasts() -> None:
    with pytest.raises(BadSetting):
        LockSettings(lasts=0.0)
