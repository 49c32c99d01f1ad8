from __future__ import annotations

import pytest

from chaoscli.events import Arrived
from chaoscli.messages import REQUEST_ID, Result
from chaoscli.services.catalogue import KINDS
from chaoscli.services.work import Capacity
from chaoscli.settings import from_plain, to_plain
from tests.services.shop import Shop


def opened() -> Shop:
    shop = Shop()
    shop.open("b", "hop")
    shop.open("a", "hop", calls={"b": {}}, workers=3)
    return shop


def names(shop: Shop) -> list[str]:
    return [event.request for event in shop.events if isinstance(event, Arrived) and event.node == "a"]


async def test_a_request_keeps_its_id_all_the_way() -> None:
    shop = opened()
    await shop.ask("a", "GET", "/", request="shoppers-7")
    assert names(shop) == ["shoppers-7"]
    assert [request.header(REQUEST_ID) for _callee, request in shop.heard] == ["shoppers-7"]


async def test_a_request_without_an_id_gets_one_at_the_first_door() -> None:
    shop = opened()
    await shop.ask("a", "GET", "/")
    await shop.ask("a", "GET", "/")
    assert names(shop) == ["a-1", "a-2"]
    assert [request.header(REQUEST_ID) for _callee, request in shop.heard] == ["a-1", "a-2"]


@pytest.mark.parametrize("name", ["x" * 129, "a\x7f", "tab\t", "é"])
async def test_an_id_no_log_could_bear_is_replaced(name: str) -> None:
    shop = opened()
    await shop.ask("a", "GET", "/", request=name)
    assert names(shop) == ["a-1"]


async def test_health_info_and_metrics_are_on_every_kind_of_service() -> None:
    for kind in KINDS:
        shop = Shop()
        shop.open("x", kind)
        assert await shop.ask("x", "GET", "/actuator/health") == (200, {"status": "UP"})
        assert (await shop.ask("x", "GET", "/actuator/metrics"))[0] == 200
        assert await shop.ask("x", "GET", "/actuator/info") == (
            200,
            {"name": "x", "kind": kind, "calls": [], "settings": {"service_time": 0.0}},
        )
        assert [event for event in shop.events if isinstance(event, Arrived)] == []


async def test_the_state_of_each_breaker_is_among_the_metrics() -> None:
    shop = Shop()
    shop.broken["gone"] = Result.REFUSED
    shop.open("a", "hop", calls={"gone": {"breaker": {"calls": 2, "at_least": 2}}, "other": {}}, paths={"other": "/never"})

    async def breakers() -> dict[str, str]:
        _status, said = await shop.ask("a", "GET", "/actuator/metrics")
        return dict(said["breakers"])

    assert await breakers() == {"gone": "closed"}
    for _ in range(2):
        await shop.ask("a", "GET", "/work")
    assert await breakers() == {"gone": "open"}


async def test_health_is_the_bytes_that_are_promised() -> None:
    assert (await opened().ask_raw("a", "GET", "/actuator/health")).body == b'{"status":"UP"}'


async def test_the_actuator_answers_what_it_does_not_know_with_what_it_does() -> None:
    shop = opened()
    known = [f"GET /actuator/{what}" for what in ("health", "health/liveness", "health/readiness", "info", "metrics")]
    assert await shop.ask("a", "GET", "/actuator/env") == (404, {"error": "nothing at /actuator/env", "known": known})
    assert await shop.ask("a", "POST", "/actuator/health") == (405, {"error": "/actuator/health takes GET"})


async def test_a_service_may_have_paths_that_look_like_the_actuators() -> None:
    assert (await opened().ask("a", "GET", "/actuators"))[0] == 200


async def test_head_is_answered_as_get_would_be() -> None:
    shop = opened()
    assert (await shop.ask_raw("a", "HEAD", "/actuator/health")).body == b'{"status":"UP"}'


@pytest.mark.parametrize("kind", KINDS)
def test_settings_survive_their_trip_to_the_process(kind: str) -> None:
    made = KINDS[kind].settings()
    assert isinstance(made, Capacity)
    assert from_plain(KINDS[kind].settings, to_plain(made)) == made
