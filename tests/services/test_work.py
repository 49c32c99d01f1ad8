from __future__ import annotations

import statistics
from random import Random
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from chaoscli.events import Answered, Arrived, LimitChanged, Noted, Refused
from chaoscli.messages import ATTEMPT, CALLER, DEADLINE, RETRY_AFTER, SENT_AT, Headers, Request, Response
from chaoscli.services.work import Capacity, work_s
from tests.services.shop import CURTAIN_WALL_S, Shop


async def together(shop: Shop, count: int, *, target: str = "/work") -> dict[str, tuple[int, float]]:
    """``count`` requests at one instant, in order: the status and the time of each answer."""
    answers: dict[str, tuple[int, float]] = {}

    async def ask(name: str) -> None:
        status, _said = await shop.ask("a", "GET", target, request=name)
        answers[name] = (status, round(trio.current_time(), 6))

    async with trio.open_nursery() as nursery:
        for number in range(1, count + 1):
            nursery.start_soon(ask, f"r-{number}")
            await trio.testing.wait_all_tasks_blocked()
    return answers


def opened(**settings: Any) -> Shop:
    shop = Shop()
    shop.open("a", "hop", **settings)
    return shop


async def test_so_many_requests_are_worked_on_at_once_and_the_others_wait_their_turn(autojump_clock: MockClock) -> None:
    answers = await together(opened(workers=2, service_time=0.5, queue=10), 5)
    # Two at a time, half a second each.
    assert answers == {"r-1": (200, 0.5), "r-2": (200, 0.5), "r-3": (200, 1.0), "r-4": (200, 1.0), "r-5": (200, 1.5)}


async def test_a_full_queue_refuses_at_once(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5, queue=2)
    answers = await together(shop, 5)
    assert answers == {"r-4": (503, 0.0), "r-5": (503, 0.0), "r-1": (200, 0.5), "r-2": (200, 1.0), "r-3": (200, 1.5)}
    assert [event for event in shop.events if isinstance(event, Refused)] == [
        Refused(at=0.0, node="a", caller="", request=name, attempt=1, reason="queue full") for name in ("r-4", "r-5")
    ]


async def test_a_node_without_a_queue_takes_what_its_workers_can(autojump_clock: MockClock) -> None:
    answers = await together(opened(workers=1, service_time=0.5, queue=0), 2)
    assert answers == {"r-2": (503, 0.0), "r-1": (200, 0.5)}


async def test_a_worker_is_held_while_it_waits_for_another_node(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("b", "hop", service_time=2.0)
    shop.open("a", "hop", calls={"b": {}}, workers=1)
    answers = await together(shop, 3)
    assert answers == {"r-1": (200, 2.0), "r-2": (200, 4.0), "r-3": (200, 6.0)}


async def test_a_slow_node_takes_so_many_times_as_long_from_then_on(autojump_clock: MockClock) -> None:
    shop = opened(service_time=0.5)
    shop.nodes["a"].slower_by = 4.0
    assert await together(shop, 1) == {"r-1": (200, 2.0)}
    shop.nodes["a"].slower_by = 1.0
    assert await together(shop, 1) == {"r-1": (200, 2.5)}


async def test_health_is_answered_past_the_queue(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=9.0, queue=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(together, shop, 2)
        await trio.sleep(1)
        assert await shop.ask("a", "GET", "/actuator/health") == (200, {"status": "UP"})
        assert trio.current_time() == 1.0
        nursery.cancel_scope.cancel()


async def test_a_node_tells_how_it_found_itself_and_how_long_things_took(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5)
    headers: Headers = ((CALLER, "order"), (ATTEMPT, "3"), (SENT_AT, f"{CURTAIN_WALL_S - 0.25:.6f}"))
    shop.nodes["a"].clock.skew(offset_s=10.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(together, shop, 2)
        await trio.sleep(0.1)
        await shop.ask("a", "GET", "/", request="r-9", headers=headers)
    said = [event for event in shop.events if getattr(event, "request", "") == "r-9"]
    arrived, answered = said
    assert isinstance(answered, Answered)
    # Both workers before it take half a second each; it came at 0.1 and works from 1.0 to 1.5.
    assert (round(answered.at, 6), round(answered.queued_s, 6), round(answered.worked_s, 6)) == (1.5, 0.9, 0.5)
    assert (answered.caller, answered.attempt, answered.status) == ("order", 3, 200)
    assert arrived == Arrived(
        at=0.1, node="a", caller="order", request="r-9", attempt=3, queue=1, busy=1,
        sent_wall_s=CURTAIN_WALL_S - 0.25, received_wall_s=CURTAIN_WALL_S + 10.1,
    )  # fmt: skip


async def test_a_node_tells_its_own_work_from_the_waiting_for_others(autojump_clock: MockClock) -> None:
    shop = Shop()
    shop.open("b", "hop", service_time=2.0)
    shop.open("a", "hop", calls={"b": {}}, service_time=0.5)
    await shop.ask("a", "GET", "/")
    answers = [event for event in shop.events if isinstance(event, Answered)]
    assert [(one.node, one.worked_s, one.own_s) for one in answers] == [("b", 2.0, 2.0), ("a", 2.5, 0.5)]


@pytest.mark.parametrize("text", ["", "yesterday", "nan", "inf", "1e999"])
async def test_a_sender_without_a_clock_worth_the_name_sent_at_no_time(text: str) -> None:
    shop = opened()
    await shop.ask("a", "GET", "/", headers=((SENT_AT, text),))
    assert [event.sent_wall_s for event in shop.events if isinstance(event, Arrived)] == [0.0]


async def test_an_exception_is_answered_500_noted_and_gives_its_worker_back() -> None:
    shop = opened(workers=1)
    workers = shop.workers["a"]

    async def fail(request: Request) -> Response:
        raise KeyError("oops")

    for _ in range(3):
        assert (await workers.do(Request(method="GET", target="/x"), 1.0, fail)).status == 500
    assert (workers.busy, workers.answered) == (0, {500: 3})
    assert [event.text for event in shop.events if isinstance(event, Noted)] == ["GET /x of : KeyError('oops')"] * 3


async def test_a_cancelled_request_gives_its_place_back(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=5.0)
    with trio.move_on_after(1):
        await together(shop, 3)
    workers = shop.workers["a"]
    assert (workers.busy, workers.waiting) == (0, 0)
    assert await together(shop, 1) == {"r-1": (200, 6.0)}


async def test_metrics_count_what_came_and_how_it_ended(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5, queue=1)
    await together(shop, 3)
    assert await shop.ask("a", "GET", "/actuator/metrics") == (
        200,
        {"arrived": 3, "answered": {"200": 2}, "refused": 1, "busy": 0, "waiting": 0, "workers": 1, "queue": 1},
    )


# -- who is served, and who is let in ----------------------------------------------------------------------------------------


def refusals(shop: Shop) -> list[str]:
    refused = [event for event in shop.events if isinstance(event, Refused)]
    return [f"{one.at:.1f} {one.request} {one.reason} after {one.queued_s:.1f}" for one in refused]


async def test_the_latest_is_served_first_where_the_discipline_says_so(autojump_clock: MockClock) -> None:
    answers = await together(opened(workers=1, service_time=0.5, discipline="lifo"), 4)
    assert answers == {"r-1": (200, 0.5), "r-4": (200, 1.0), "r-3": (200, 1.5), "r-2": (200, 2.0)}


async def test_a_full_queue_of_the_latest_first_turns_its_oldest_away(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5, queue=2, discipline="lifo")
    answers = await together(shop, 5)
    assert answers == {"r-2": (503, 0.0), "r-3": (503, 0.0), "r-1": (200, 0.5), "r-5": (200, 1.0), "r-4": (200, 1.5)}
    assert refusals(shop) == ["0.0 r-2 queue full after 0.0", "0.0 r-3 queue full after 0.0"]


async def ask_with_deadlines(shop: Shop, **seconds: float) -> dict[str, tuple[int, float]]:
    answers: dict[str, tuple[int, float]] = {}

    async def ask(name: str, left_s: float) -> None:
        status, _said = await shop.ask("a", "GET", "/work", request=name, headers=((DEADLINE, f"{left_s}"),))
        answers[name] = (status, round(trio.current_time(), 6))

    async with trio.open_nursery() as nursery:
        for name, left_s in seconds.items():
            nursery.start_soon(ask, name, left_s)
            await trio.testing.wait_all_tasks_blocked()
    return answers


async def test_work_that_nobody_waits_for_is_dropped_and_the_next_one_served(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5, drop_expired=True)
    answers = await ask_with_deadlines(shop, one=9.0, two=0.3, three=0.4, four=9.0, five=0.0)
    # Two and three are over by the time the worker is free; five was over when it came.
    assert answers == {"five": (504, 0.0), "one": (200, 0.5), "two": (504, 0.5), "three": (504, 0.5), "four": (200, 1.0)}
    assert sorted(refusals(shop)) == ["0.0 five expired after 0.0", "0.5 three expired after 0.5", "0.5 two expired after 0.5"]


async def test_a_node_that_does_not_drop_it_works_for_nobody(autojump_clock: MockClock) -> None:
    answers = await ask_with_deadlines(opened(workers=1, service_time=0.5), one=9.0, two=0.3, three=9.0)
    assert answers == {"one": (200, 0.5), "two": (200, 1.0), "three": (200, 1.5)}


async def test_what_expired_makes_place_in_a_full_queue(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5, queue=1, drop_expired=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_with_deadlines, shop)
        nursery.start_soon(shop.ask, "a", "GET", "/work")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(lambda: shop.ask("a", "GET", "/work", request="old", headers=((DEADLINE, "0.1"),)))
        await trio.sleep(0.2)
        assert (await shop.ask("a", "GET", "/work", request="new"))[0] == 200
    assert refusals(shop) == ["0.2 old expired after 0.2"]


async def test_those_turned_away_are_told_when_to_come_back_in_whole_seconds(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5, queue=0, retry_after=1.2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shop.ask, "a", "GET", "/work")
        await trio.testing.wait_all_tasks_blocked()
        turned_away = await shop.ask_raw("a", "GET", "/work")
    assert (turned_away.status, turned_away.header(RETRY_AFTER)) == (503, "2")


async def test_a_limit_bounds_all_that_is_inside(autojump_clock: MockClock) -> None:
    limit = {"limit": "fixed", "initial": 3}
    shop = opened(workers=1, service_time=0.5, concurrency=limit)
    answers = await together(shop, 5)
    assert answers == {"r-4": (503, 0.0), "r-5": (503, 0.0), "r-1": (200, 0.5), "r-2": (200, 1.0), "r-3": (200, 1.5)}
    assert refusals(shop) == ["0.0 r-4 limit reached after 0.0", "0.0 r-5 limit reached after 0.0"]
    _, metrics = await shop.ask("a", "GET", "/actuator/metrics")
    assert metrics["limit"] == 3


async def test_a_limit_that_finds_itself_tells_of_its_larger_steps(autojump_clock: MockClock) -> None:
    limit = {"limit": "aimd", "initial": 20, "least": 2, "slow": 0.4}
    shop = opened(workers=1, service_time=0.5, concurrency=limit)
    for _ in range(3):  # each too late: 20, 18, 16, 14
        await shop.ask("a", "GET", "/work")
    told = [event for event in shop.events if isinstance(event, LimitChanged)]
    assert told == [
        LimitChanged(at=0.5, node="a", limit=18, before=20),
        LimitChanged(at=1.0, node="a", limit=16, before=18),
        LimitChanged(at=1.5, node="a", limit=14, before=16),
    ]


async def test_a_worker_on_its_way_to_one_who_leaves_goes_to_the_next(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.5)
    workers = shop.workers["a"]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shop.ask, "a", "GET", "/first")
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0.5):  # at the very instant at which the first one is done
            await shop.ask("a", "GET", "/second")
    assert (workers.busy, workers.waiting) == (0, 0)
    assert (await shop.ask("a", "GET", "/third"))[0] == 200


async def test_under_twice_the_load_only_the_latest_first_or_dropping_what_cannot_be_done_answers_in_time(
    autojump_clock: MockClock,
) -> None:
    # One worker at 20 ms does 50 a second, 100 come for two seconds, and each waits 200 ms: ten pieces of work.
    async def in_time(**settings: Any) -> int:
        shop = Shop()
        shop.open("a", "hop", workers=1, service_time=0.02, queue=1000, **settings)
        shop.open("b", "hop", calls={"a": {"timeout": 0.2, "pass_deadline": True}}, workers=1000)
        good = 0

        async def ask(number: int) -> None:
            nonlocal good
            await trio.sleep(number / 100)
            status, _said = await shop.ask("b", "GET", "/work", request=f"r-{number}")
            good += status == 200

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(ask, number)
        return good

    # The line grows by 50 a second, so after 0.4 s all that comes is answered too late: 20 or so are not. Half of 200 can be.
    assert await in_time() <= 30
    # Whoever is next has waited until just before his deadline, and is answered just after it.
    assert await in_time(drop_expired=True) <= 30
    assert await in_time(drop_expired=True, time_needed=0.02) >= 90
    assert await in_time(discipline="lifo") >= 90
    assert await in_time(discipline="lifo", drop_expired=True) >= 90


# -- how long work takes -------------------------------------------------------------------------------------------------------


def drawn(distribution: Any, count: int = 20_000) -> list[float]:
    capacity = Capacity(service_time=0.02, distribution=distribution)
    rng = Random(7)
    return [work_s(capacity, 1.0, lambda: rng) for _ in range(count)]


@pytest.mark.parametrize("distribution", ["constant", "exponential", "lognormal"])
def test_every_distribution_has_the_service_time_as_its_mean(distribution: str) -> None:
    assert statistics.fmean(drawn(distribution)) == pytest.approx(0.02, rel=0.03)


def test_the_tails_are_those_of_their_distributions() -> None:
    # Exponential: p99 is ln(100) means. Lognormal with sigma 0.5: p99 / p50 is exp(2.326 * 0.5) = 3.2.
    exponential, lognormal = sorted(drawn("exponential")), sorted(drawn("lognormal"))
    assert exponential[19_800] == pytest.approx(0.02 * 4.605, rel=0.06)
    assert lognormal[19_800] / lognormal[10_000] == pytest.approx(3.2, rel=0.06)


@given(st.sampled_from(["constant", "exponential", "lognormal"]), st.floats(0, 10), st.floats(0, 1000), st.integers())
def test_work_never_takes_less_than_nothing(distribution: Any, service_time: float, cost: float, seed: int) -> None:
    assert work_s(Capacity(service_time=service_time, distribution=distribution), cost, lambda: Random(seed)) >= 0.0


async def times_of(shop: Shop, *headers: Headers) -> list[float]:
    for one in headers:
        await shop.ask("a", "GET", "/", request="r-1", headers=one)
    return [event.worked_s for event in shop.events if isinstance(event, Answered)]


async def test_the_dice_are_those_of_the_call_whatever_came_before(autojump_clock: MockClock) -> None:
    first, second = ((ATTEMPT, "1"),), ((ATTEMPT, "2"),)
    settings: dict[str, Any] = {"service_time": 0.5, "distribution": "exponential"}
    there = await times_of(opened(**settings), first, second)
    back = await times_of(opened(**settings), second, first)
    assert there == pytest.approx(back[::-1])
    assert there[0] != pytest.approx(there[1])


# -- hiccups -------------------------------------------------------------------------------------------------------------


async def test_one_piece_of_work_in_so_many_takes_longer(autojump_clock: MockClock) -> None:
    answers = await together(opened(workers=1, service_time=0.1, hiccup_every=3, hiccup=1.0), 7)
    # The third and the sixth: 0.1 s each, and a second more twice.
    times = [at for _status, at in answers.values()]
    assert times == pytest.approx([0.1, 0.2, 1.3, 1.4, 1.5, 2.6, 2.7])


async def test_a_request_of_many_pieces_has_all_their_hiccups(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, service_time=0.01, hiccup_every=3, hiccup=1.0)
    await shop.ask("a", "GET", "/work?items=7")
    assert trio.current_time() == pytest.approx(7 * 0.01 + 2.0)
