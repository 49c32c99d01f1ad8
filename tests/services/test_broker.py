from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from chaoscli.faults.base import BadSetting
from chaoscli.messages import SENT_AT, TRACE_PARENT
from chaoscli.services.broker import MOST_GROUPS, BrokerSettings
from tests.services.shop import Shop

TRACE = (TRACE_PARENT, f"00-{'ab' * 16}-{'cd' * 8}-01")


def opened(folder: Path | None = None, **settings: Any) -> Shop:
    shop = Shop(folder=str(folder) if folder else None)
    shop.open("broker", "broker", **{"visibility": 2.0, **settings})
    return shop


async def publish(shop: Shop, message: Any, *, request: str = "r-1", topic: str = "t") -> tuple[int, Any]:
    return await shop.ask("broker", "POST", f"/topics/{topic}", message, request=request, headers=(TRACE, (SENT_AT, "1000.5")))


async def lease(shop: Shop, *, wait: str = "0", topic: str = "t", group: str = "") -> Any:
    """The message, or None."""
    status, said = await shop.ask("broker", "POST", f"/topics/{topic}/lease?wait={wait}&group={group}")
    assert status == (204 if said is None else 200)
    return said


async def acknowledge(shop: Shop, message: Any, *, topic: str = "t", group: str = "") -> tuple[int, Any]:
    return await shop.ask("broker", "POST", f"/topics/{topic}/ack/{message}?group={group}")


async def test_what_is_published_is_leased_with_all_that_came_with_it() -> None:
    shop = opened()
    assert await publish(shop, {"n": [1, None, "é"]}) == (201, {"id": 1})
    assert await lease(shop) == {
        "id": 1, "deliveries": 1, "request": "r-1", "traceparent": TRACE[1], "sentAt": "1000.5", "message": {"n": [1, None, "é"]},
    }  # fmt: skip
    assert await acknowledge(shop, 1) == (200, {"id": 1, "acknowledged": True})
    assert shop.happened() == [
        ("published", "r-1", {"topic": "t", "message": 1}),
        ("delivered", "r-1", {"topic": "t", "message": 1, "deliveries": 1}),
        ("acknowledged", "r-1", {"topic": "t", "message": 1, "deliveries": 1}),
    ]


async def test_messages_come_in_the_order_they_were_published_each_topic_for_itself() -> None:
    shop = opened()
    for message, topic in ((1, "t"), (2, "u"), (3, "t")):
        await publish(shop, message, topic=topic)
    assert [(await lease(shop, topic=topic) or {}).get("message") for topic in ("t", "t", "t", "u", "u")] == [1, 3, None, 2, None]


async def test_a_message_that_is_not_acknowledged_comes_again(autojump_clock: MockClock) -> None:
    shop = opened()
    await publish(shop, "m")
    assert (await lease(shop))["deliveries"] == 1
    await trio.sleep(1.9)
    assert await lease(shop) is None
    await trio.sleep(0.2)
    assert (await lease(shop))["deliveries"] == 2


async def test_an_acknowledged_message_never_comes_again(autojump_clock: MockClock) -> None:
    shop = opened()
    await publish(shop, "m")
    await lease(shop)
    await acknowledge(shop, 1)
    await trio.sleep(10)
    assert await lease(shop) is None


async def test_acknowledging_twice_is_acknowledging_once() -> None:
    shop = opened()
    await publish(shop, "m")
    await lease(shop)
    assert await acknowledge(shop, 1) == await acknowledge(shop, 1) == (200, {"id": 1, "acknowledged": True})
    assert len(shop.happened("acknowledged")) == 1


@pytest.mark.parametrize("message", ["2", "0", "-1", "one", "1e0"])
async def test_what_never_was_cannot_be_acknowledged(message: str) -> None:
    shop = opened()
    await publish(shop, "m")
    assert await acknowledge(shop, message) == (404, {"error": f"t never had a message {message}"})


async def test_a_message_is_not_acknowledged_through_another_topic() -> None:
    shop = opened()
    await publish(shop, "m")
    await acknowledge(shop, 1, topic="u")
    assert (await lease(shop))["message"] == "m"


async def test_a_lease_waits_for_a_message_as_long_as_it_was_told(autojump_clock: MockClock) -> None:
    shop = opened()
    assert await lease(shop, wait="1.5") is None
    assert trio.current_time() == 1.5


async def test_a_waiting_lease_gets_the_message_the_moment_it_comes(autojump_clock: MockClock) -> None:
    shop = opened()

    async def publish_later() -> None:
        await trio.sleep(0.7)
        await publish(shop, "m")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish_later)
        assert (await lease(shop, wait="5"))["message"] == "m"
        assert trio.current_time() == 0.7


async def test_a_waiting_lease_gets_a_message_that_comes_back(autojump_clock: MockClock) -> None:
    shop = opened()
    await publish(shop, "m")
    await lease(shop)
    assert (await lease(shop, wait="5"))["deliveries"] == 2
    assert trio.current_time() == pytest.approx(2.0)


async def test_a_message_goes_to_one_of_those_who_wait(autojump_clock: MockClock) -> None:
    shop = opened(visibility=60.0)
    got: list[Any] = []

    async def consume() -> None:
        got.append(await lease(shop, wait="3"))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(consume)
        await trio.sleep(1)
        await publish(shop, "m")
    assert [message["message"] for message in got if message] == ["m"]


@pytest.mark.parametrize(("wait", "seconds"), [("", 0.0), ("-3", 0.0), ("soon", 0.0), ("nan", 0.0), ("inf", 0.0), ("99", 20.0)])
async def test_no_lease_waits_for_ever(autojump_clock: MockClock, wait: str, seconds: float) -> None:
    assert await lease(opened(), wait=wait) is None
    assert trio.current_time() == seconds


async def test_waiting_takes_no_worker(autojump_clock: MockClock) -> None:
    shop = opened(workers=1, queue=0)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(lease, shop)
        assert (await publish(shop, "m"))[0] == 201


async def test_a_full_topic_takes_no_more_until_something_is_done() -> None:
    shop = opened(depth=2)
    await publish(shop, 1)
    await publish(shop, 2)
    assert await publish(shop, 3) == (503, {"error": "t is full: 2 messages wait"})
    assert (await publish(shop, 3, topic="u"))[0] == 201
    await acknowledge(shop, 1)
    assert (await publish(shop, 3))[0] == 201


async def test_what_was_accepted_outlives_the_broker(tmp_path: Path) -> None:
    before = opened(tmp_path)
    await publish(before, "kept")
    await publish(before, "done", topic="u")
    await acknowledge(before, 2, topic="u")
    after = opened(tmp_path, depth=1)
    assert await publish(after, "more") == (503, {"error": "t is full: 1 messages wait"})
    assert (await lease(after))["message"] == "kept"
    assert await lease(after, topic="u") is None
    assert await publish(after, "next", topic="u") == (201, {"id": 3})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
async def test_a_message_must_be_json(body: bytes) -> None:
    assert await publish(opened(), body) == (400, {"error": "a message must be JSON"})


async def test_null_is_json() -> None:
    shop = opened()
    assert await publish(shop, b"null") == (201, {"id": 1})
    assert (await lease(shop))["message"] is None


STEPS = st.lists(
    st.just(("publish", 0.0))
    | st.just(("lease", 0.0))
    | st.tuples(st.just("acknowledge"), st.integers(1, 6))
    | st.tuples(st.just("wait"), st.sampled_from([0.5, 1.0, 2.0])),
    max_size=30,
)


@given(STEPS)
def test_each_message_is_pending_or_leased_or_done(steps: list[tuple[str, float]]) -> None:
    """Against a model: ``hidden_until`` of every message that is not done."""

    async def play() -> None:
        shop, published = opened(), 0
        hidden_until: dict[int, float] = {}
        for step, value in steps:
            if step == "publish":
                published += 1
                hidden_until[published] = 0.0
                assert await publish(shop, published) == (201, {"id": published})
            elif step == "lease":
                ready = [number for number, until in sorted(hidden_until.items()) if until <= trio.current_time()]
                message = await lease(shop)
                assert (message["id"] if message else None) == (ready[0] if ready else None)
                hidden_until.update({number: trio.current_time() + 2.0 for number in ready[:1]})
            elif step == "acknowledge":
                assert (await acknowledge(shop, int(value)))[0] == (200 if value <= published else 404)
                hidden_until.pop(int(value), None)
            else:
                await trio.sleep(value)

    trio.run(play, clock=MockClock(autojump_threshold=0))


def test_a_message_must_stay_hidden_for_a_while() -> None:
    with pytest.raises(BadSetting, match="everybody works on it at once"):
        BrokerSettings(visibility=0.0)


async def test_a_broker_that_opens_again_tells_what_it_has(tmp_path: Path) -> None:
    before = Shop(folder=str(tmp_path))
    before.open("broker", "broker")
    await publish(before, "one", request="r-1")
    await publish(before, "two", request="r-2")
    after = Shop(folder=str(tmp_path))
    after.open("broker", "broker")
    assert after.happened() == [
        ("message recovered", "r-1", {"topic": "t", "message": 1}),
        ("message recovered", "r-2", {"topic": "t", "message": 2}),
    ]


# -- groups ----------------------------------------------------------------------------------------------------------------------


async def test_every_group_gets_each_message_and_those_in_one_share_them() -> None:
    shop = opened()
    await publish(shop, "one")
    await publish(shop, "two")
    assert [(await lease(shop, group=group))["message"] for group in ("ship", "bill", "ship", "bill")] == [
        "one",
        "one",
        "two",
        "two",
    ]
    assert await lease(shop, group="ship") is None


async def test_a_message_is_kept_until_the_last_group_has_acknowledged_it() -> None:
    shop = opened(depth=1)
    await publish(shop, "m")
    for group in ("ship", "bill"):
        await lease(shop, group=group)
    await acknowledge(shop, 1, group="ship")
    assert (await publish(shop, "next"))[0] == 503
    await acknowledge(shop, 1, group="bill")
    assert (await publish(shop, "next"))[0] == 201


async def test_a_group_that_is_new_gets_what_is_kept_and_not_what_is_gone() -> None:
    shop = opened()
    for message in ("gone", "kept"):
        await publish(shop, message)
    await lease(shop)
    await acknowledge(shop, 1)
    assert (await lease(shop, group="late"))["message"] == "kept"


async def test_groups_outlive_the_broker(tmp_path: Path) -> None:
    before = opened(tmp_path)
    for group in ("ship", "bill"):
        await lease(before, group=group)
    await publish(before, "m")
    await lease(before, group="ship")
    await acknowledge(before, 1, group="ship")
    after = opened(tmp_path)
    assert await lease(after, group="ship") is None
    assert (await lease(after, group="bill"))["message"] == "m"


async def test_each_waiting_group_is_woken_by_a_message(autojump_clock: MockClock) -> None:
    shop = opened()
    got: list[Any] = []

    async def consume(group: str) -> None:
        got.append((group, (await lease(shop, wait="5", group=group))["message"], trio.current_time()))

    async with trio.open_nursery() as nursery:
        for group in ("ship", "bill"):
            nursery.start_soon(consume, group)
        await trio.sleep(1)
        await publish(shop, "m")
    assert sorted(got) == [("bill", "m", 1.0), ("ship", "m", 1.0)]


async def test_names_are_bounded_in_number_and_length() -> None:
    shop = opened()
    for number in range(MOST_GROUPS):
        await lease(shop, group=f"g-{number}")
    assert await shop.ask("broker", "POST", "/topics/t/lease?group=more") == (503, {"error": "t has 100 groups already"})
    for target, name in ((f"/topics/{'t' * 257}", "a name"), (f"/topics/t/lease?group={'g' * 257}", "group")):
        assert await shop.ask("broker", "POST", target, {}) == (400, {"error": f"{name} must have at most 256 characters"})


# -- one after the other, and put aside ------------------------------------------------------------------------------------------


async def test_in_order_nothing_is_handed_out_past_what_is_being_worked_on(autojump_clock: MockClock) -> None:
    shop = opened(in_order=True)
    await publish(shop, "one")
    await publish(shop, "two")
    assert (await lease(shop))["message"] == "one"
    assert await lease(shop, wait="1.5") is None
    assert (await lease(shop, wait="5"))["deliveries"] == 2
    assert trio.current_time() == pytest.approx(2.0)
    await acknowledge(shop, 1)
    assert (await lease(shop))["message"] == "two"


async def test_in_order_the_next_one_comes_the_moment_the_last_is_done(autojump_clock: MockClock) -> None:
    shop = opened(in_order=True)
    await publish(shop, "one")
    await publish(shop, "two")
    await lease(shop)

    async def acknowledge_later() -> None:
        await trio.sleep(0.7)
        await acknowledge(shop, 1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(acknowledge_later)
        assert (await lease(shop, wait="5"))["message"] == "two"
        assert trio.current_time() == 0.7


async def test_what_comes_back_too_often_is_put_aside_with_all_that_came_with_it(autojump_clock: MockClock) -> None:
    shop = opened(max_deliveries=2)
    await publish(shop, "poison")
    for delivery in (1, 2):
        assert (await lease(shop))["deliveries"] == delivery
        await trio.sleep(2)
    assert await lease(shop) is None
    aside = await lease(shop, topic="t.dead")
    assert (aside["message"], aside["request"], aside["traceparent"]) == ("poison", "r-1", TRACE[1])
    assert shop.happened("dead letter") == [("dead letter", "r-1", {"topic": "t", "message": 1, "deliveries": 2, "aside": 2})]


async def test_one_group_may_be_done_with_what_another_puts_aside(autojump_clock: MockClock) -> None:
    shop = opened(max_deliveries=1)
    await publish(shop, "m")
    for group in ("good", "bad"):
        await lease(shop, group=group)
    await acknowledge(shop, 1, group="good")
    await trio.sleep(2)
    assert await lease(shop, group="bad") is None
    assert (await lease(shop, topic="t.dead"))["message"] == "m"


async def test_what_nobody_could_work_off_is_never_lost_for_want_of_room(autojump_clock: MockClock) -> None:
    shop = opened(max_deliveries=1, depth=1)
    for _ in range(2):
        await publish(shop, "poison")
        await lease(shop)
        await trio.sleep(2)
        await lease(shop)
    assert len(shop.happened("dead letter")) == 1
    assert shop.happened("delivered")[-1][2] == {"topic": "t", "message": 3, "deliveries": 2}
    assert (await publish(shop, "m"))[0] == 503


async def test_dead_letters_are_not_put_aside_again(autojump_clock: MockClock) -> None:
    shop = opened(max_deliveries=1)
    await publish(shop, "m", topic="t.dead")
    for delivery in (1, 2, 3):
        assert (await lease(shop, topic="t.dead"))["deliveries"] == delivery
        await trio.sleep(2)


async def test_a_publisher_that_is_refused_is_told_when_to_come_back() -> None:
    shop = opened(depth=1, retry_after=1.5)
    await publish(shop, 1)
    refused = await shop.ask_raw("broker", "POST", "/topics/t", 2)
    assert (refused.status, refused.header("retry-after")) == (503, "2")
