"""A node that lives may still be of no use; readiness says so, and who is at fault."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from chaoscli.messages import Result
from tests.services.shop import Shop

UP = (200, {"status": "UP"})


def opened(**settings: int) -> Shop:
    shop = Shop()
    for name in ("stock", "prices"):
        shop.open(name, "hop")
    shop.open("shop", "hop", calls={"stock": {"timeout": 0.2}, "prices": {"timeout": None}}, **settings)
    return shop


async def asked(shop: Shop, what: str) -> tuple[int, object]:
    return await shop.ask("shop", "GET", f"/actuator/health/{what}")


async def test_all_is_well_when_everyone_it_calls_lives() -> None:
    shop = opened()
    assert (await asked(shop, "liveness"), await asked(shop, "readiness")) == (UP, UP)


async def test_a_dependency_that_does_not_answer_makes_it_useless_and_not_dead(autojump_clock: MockClock) -> None:
    shop = opened()
    for broken in (Result.REFUSED, Result.TIMEOUT):
        shop.broken["stock"] = broken
        assert await asked(shop, "liveness") == UP
        assert await asked(shop, "readiness") == (503, {"status": "DOWN", "components": {"prices": "UP", "stock": "DOWN"}})


async def test_a_dependency_that_is_asked_without_a_timeout_is_not_waited_for_longer_than_a_second(
    autojump_clock: MockClock,
) -> None:
    shop = opened()
    shop.broken["prices"] = Result.TIMEOUT
    began = trio.current_time()
    assert (await asked(shop, "readiness"))[0] == 503
    assert trio.current_time() - began == 1.0


async def test_so_does_a_line_without_a_place_left(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, queue=1, service_time=1)
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(shop.ask, "shop", "GET", "/")
        await trio.sleep(0.1)
        components = {"prices": "UP", "queue": "FULL", "stock": "UP"}
        assert await asked(shop, "readiness") == (503, {"status": "DOWN", "components": components})
    assert await asked(shop, "readiness") == UP
