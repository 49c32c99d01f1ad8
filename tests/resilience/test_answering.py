"""Caches and fallbacks as they act: whole transcripts."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from chaoscli.messages import SERVED_AS
from chaoscli.resilience.policy import Cache, Policy, Reply
from tests.resilience.callee import DOWN, LATER, QUICK, REFUSED, Act, Stage, together


async def test_an_answer_is_asked_for_once_while_it_is_good(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.1, body=b"20"), Act(body=b"21")], policy=Policy(cache=Cache(ttl=1.0)))
    said = []
    for at in (0.0, 0.5, 1.09, 1.1):
        await trio.sleep(at - stage.now())
        said.append(await stage.call())

    assert said == ["200 20 {}"] * 3 + ["200 21 {}"]
    assert [line for line in stage.lines if "try" not in line] == [
        "0.500 r1 from the cache, fresh, 0.400 old",
        "1.090 r1 from the cache, fresh, 0.990 old",
    ]


async def test_with_one_refresher_an_expiry_does_not_stampede(autojump_clock: MockClock) -> None:
    async def asked(cache: Cache) -> int:
        stage = Stage(script=[Act(after_s=0.5)], policy=Policy(cache=cache))
        ends = await together(stage, *(f"r{number}" for number in range(50)))
        assert [end.split(" ", 1)[1] for end in ends] == ["200  {}"] * 50
        return len(stage.requests)

    assert (await asked(Cache()), await asked(Cache(refresher="everyone"))) == (1, 50)


async def test_those_who_wait_share_the_failure_too_and_then_the_next_may_try(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.5, status=503), Act(body=b"ok")], policy=Policy(cache=Cache()))
    ends = await together(stage, "r1", "r2", "r3")

    assert sorted(ends) == ["r1 503  {}", "r2 503  {}", "r3 503  {}"]
    assert await stage.call() == "200 ok {}"
    assert len(stage.requests) == 2


async def test_when_the_one_who_asked_is_given_up_another_takes_his_place(autojump_clock: MockClock) -> None:
    stage = Stage(script=[LATER, Act(after_s=0.1, body=b"second")], policy=Policy(timeout=None, cache=Cache()))
    ends: list[str] = []

    async def call(name: str, patience_s: float) -> None:
        with trio.move_on_after(patience_s):
            ends.append(f"{name} {await stage.call(name)}")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call, "r1", 0.5)
        await trio.sleep(0.1)
        nursery.start_soon(call, "r2", 60.0)
        nursery.start_soon(call, "r3", 60.0)

    assert sorted(ends) == ["r2 200 second {}", "r3 200 second {}"]
    assert (len(stage.requests), round(stage.now(), 3)) == (2, 0.6)


async def test_what_has_an_effect_is_never_answered_from_the_cache_nor_shared(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.5)], policy=Policy(cache=Cache()))
    async with trio.open_nursery() as nursery:
        for name in ("r1", "r2", "r3"):
            nursery.start_soon(stage.call, name, "POST")
    await stage.call("r4", "POST")

    assert len(stage.requests) == 4


MARKED = {"content-type": "application/json", SERVED_AS: "fallback"}
SOLD = Reply(json={"available": True})


async def test_a_reply_written_beforehand_stands_in(autojump_clock: MockClock) -> None:
    stage = Stage(script=[REFUSED], policy=Policy(fallback_reply=SOLD))

    assert await stage.call() == f'200 {{"available":true}} {MARKED}'
    assert stage.lines[-1] == "0.000 r1 fallback after refused, fixed"


async def test_it_claims_no_effect_unless_told_to(autojump_clock: MockClock) -> None:
    assert await Stage(script=[DOWN], policy=Policy(fallback_reply=SOLD)).call(method="POST") == "503  {}"

    bold = Policy(fallback_reply=Reply(status=202, json={"queued": 1}, methods=("POST",)))
    assert (await Stage(script=[DOWN], policy=bold).call(method="POST")).startswith('202 {"queued":1}')


async def test_the_last_good_answer_is_better_than_one_written_beforehand(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(body=b"known"), DOWN], policy=Policy(fallback="last_good", fallback_reply=SOLD))
    await stage.call()

    assert (await stage.call()).startswith("200 known")
    assert (await stage.call(target="/check/other")).startswith('200 {"available":true}')


async def test_an_open_breaker_is_no_reason_to_send_the_customer_away(autojump_clock: MockClock) -> None:
    stage = Stage(script=[DOWN], policy=Policy(breaker=QUICK, fallback_reply=SOLD))
    said = [(await stage.call())[:3] for _ in range(5)]

    assert said == ["200"] * 5
    assert len(stage.requests) == 2
