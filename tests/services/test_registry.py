from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Result
from chaoscli.services.registrar import stay_registered
from chaoscli.services.registry import RegistrySettings
from tests.services.shop import Shop


def opened(**settings: Any) -> Shop:
    shop = Shop()
    shop.open("registry", "registry", **settings)
    return shop


async def put(shop: Shop, instance: str = "inventory-1") -> tuple[int, Any]:
    return await shop.ask("registry", "PUT", f"/registry/inventory/{instance}", request="r-1")


async def listed(shop: Shop, query: str = "") -> tuple[int, dict[str, list[str]]]:
    """(version since the registry opened, services)"""
    _status, said = await shop.ask("registry", "GET", f"/registry{query}")
    return said["version"], said["services"]


async def test_who_registers_is_listed_until_it_leaves() -> None:
    shop = opened()
    assert await put(shop) == (200, {"service": "inventory", "instance": "inventory-1", "ttl": 1.0})
    await put(shop, "inventory-2")
    assert (await listed(shop))[1] == {"inventory": ["inventory-1", "inventory-2"]}
    assert (await shop.ask("registry", "DELETE", "/registry/inventory/inventory-1"))[0] == 200
    assert (await listed(shop))[1] == {"inventory": ["inventory-2"]}
    assert [what for what, _request, _data in shop.happened()] == ["registered", "registered", "deregistered"]


async def test_who_is_not_there_cannot_leave() -> None:
    answer = await opened().ask("registry", "DELETE", "/registry/inventory/x")
    assert answer == (404, {"error": "no x is registered for inventory"})


async def test_silence_is_forgiven_for_its_time_and_no_longer(autojump_clock: MockClock) -> None:
    shop = opened(ttl=1.0)
    async with trio.open_nursery() as nursery:
        shop.run(nursery, "registry")
        await put(shop)
        await trio.sleep(0.9)
        await put(shop)  # a heartbeat
        await trio.sleep(0.9)
        assert (await listed(shop))[1] == {"inventory": ["inventory-1"]}
        await trio.sleep(0.2)
        assert (await listed(shop))[1] == {}
        nursery.cancel_scope.cancel()
    assert shop.happened("registration expired") == [
        ("registration expired", "", {"service": "inventory", "instance": "inventory-1"})
    ]


async def test_a_watcher_hears_of_a_change_the_moment_it_comes_and_else_when_its_time_is_up(autojump_clock: MockClock) -> None:
    shop = opened()
    version, _services = await listed(shop)
    heard: list[tuple[float, dict[str, list[str]]]] = []

    async def watch() -> None:
        _version, services = await listed(shop, f"?after={version}&wait=2")
        heard.append((trio.current_time(), services))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        await trio.sleep(0.5)
        await put(shop)
    assert heard == [(0.5, {"inventory": ["inventory-1"]})]
    version, _services = await listed(shop)
    await watch()
    assert heard[1][0] == 2.5


async def test_a_node_keeps_itself_registered_and_a_killed_registry_learns_of_it_again(autojump_clock: MockClock) -> None:
    shop = opened(ttl=0.9)
    node = shop.open("inventory-7", "inventory", calls={"registry": {}})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stay_registered, node)
        await trio.sleep(2.0)
        assert (await listed(shop))[1] == {"inventory": ["inventory-7"]}
        assert len(shop.heard) == 7  # at 0 and every 0.3 s
        shop.broken["registry"] = Result.REFUSED
        await trio.sleep(1.0)
        shop.open("registry", "registry", ttl=0.9)
        del shop.broken["registry"]
        await trio.sleep(0.5)
        assert (await listed(shop))[1] == {"inventory": ["inventory-7"]}
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?wait=soon", "?wait=nan", "?wait=-1"])
async def test_a_watch_that_makes_no_sense_is_refused(query: str) -> None:
    answer = await opened().ask("registry", "GET", f"/registry{query}")
    assert answer == (400, {"error": "after must be a version, and wait a number of seconds"})


async def test_a_name_that_no_log_could_bear_is_refused() -> None:
    assert await put(opened(), "x" * 257) == (400, {"error": "a name must have at most 256 characters"})


async def test_there_is_an_end_to_registering() -> None:
    shop = opened()
    statuses = [(await put(shop, f"i-{number}"))[0] for number in range(1001)]
    assert (statuses.count(200), statuses[-1]) == (1000, 503)


def test_a_registration_lasts_for_a_while() -> None:
    with pytest.raises(BadSetting, match="ttl"):
        RegistrySettings(ttl=0.0)
