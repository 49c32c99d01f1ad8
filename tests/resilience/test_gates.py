"""What keeps attempts in, as it acts: whole transcripts."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from chaoscli.resilience.policy import Bulkhead, Hedge, Policy, RateLimit, Retry, Throttle
from tests.resilience.callee import DOWN, LATER, QUICK, Act, Stage, together


async def test_a_throttle_holds_calls_back_from_a_callee_that_fails_all_alike_for_the_same_seed(
    autojump_clock: MockClock,
) -> None:
    async def sent(seed: int) -> list[str]:
        stage = Stage(script=[DOWN], policy=Policy(throttle=Throttle()), seed=seed)
        for number in range(50):
            await stage.call(f"r{number}")
        assert sum("rejected: throttled" in line for line in stage.lines) == 50 - len(stage.requests)
        return [one.header("x-request-id") for one in stage.requests]

    assert await sent(7) == await sent(7) != await sent(8)
    assert 1 <= len(await sent(7)) <= 15


async def test_a_rate_limit_lets_calls_wait_their_turn_or_turns_them_away(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act()], policy=Policy(rate_limit=RateLimit(rate=10.0, wait=0.15)))
    ends = await together(stage, "r1", "r2", "r3")

    assert ends == ["r1 200  {}", "r3 refused: rate limit: no call to inventory was made", "r2 200  {}"]
    assert [line for line in stage.lines if "/check" in line or "rejected" in line] == [
        "0.000 r1 try 1 /check",
        "0.002 r3 try 1 rejected: rate limit",
        "0.100 r2 try 1 /check",
    ]
    assert stage.requests[1].header("x-sent-at") == "0.100"


async def test_a_breaker_from_closed_to_open_to_half_open_to_closed(autojump_clock: MockClock) -> None:
    stage = Stage(script=[DOWN, DOWN, DOWN, Act()], policy=Policy(breaker=QUICK))
    for at in (0.0, 0.1, 0.2, 1.1, 1.2, 2.1, 2.2):
        await trio.sleep(at - stage.now())
        await stage.call()

    assert [line for line in stage.lines if "/check" not in line] == [
        "0.000 r1 try 1 failed 503 after 0.000 ()",
        "0.100 r1 try 1 failed 503 after 0.000 ()",
        "0.100 breaker open (2 calls, 100% failed)",
        "0.200 r1 try 1 rejected: breaker open",
        "1.100 breaker half-open (0 calls, 0% failed)",
        "1.100 r1 try 1 failed 503 after 0.000 ()",
        "1.100 breaker open (1 calls, 100% failed)",
        "1.200 r1 try 1 rejected: breaker open",
        "2.100 breaker half-open (0 calls, 0% failed)",
        "2.100 r1 try 1 ok 200 after 0.000 ()",
        "2.100 breaker closed (1 calls, 0% failed)",
        "2.200 r1 try 1 ok 200 after 0.000 ()",
    ]


async def test_a_breaker_inside_the_retry_sees_every_try_and_one_outside_every_call(autojump_clock: MockClock) -> None:
    retry = Retry(attempts=4)
    inside = Stage(script=[DOWN], policy=Policy(breaker=QUICK, retry=retry))
    outside = Stage(script=[DOWN], policy=Policy(breaker=QUICK, retry=retry, order=("breaker", "retry")))
    for stage in (inside, outside):
        for name in ("r1", "r2", "r3"):
            await stage.call(name)

    # Inside, two tries open it and all others are turned away; outside, it takes two calls of four tries each.
    assert (len(inside.requests), len(outside.requests)) == (2, 8)
    assert [sum("rejected" in line for line in stage.lines) for stage in (inside, outside)] == [10, 1]


async def test_a_trial_given_up_from_outside_does_not_leave_the_breaker_half_open(autojump_clock: MockClock) -> None:
    stage = Stage(script=[DOWN, DOWN, LATER, Act()], policy=Policy(timeout=None, breaker=QUICK))
    for _ in range(2):
        await stage.call()
    await trio.sleep(1.0)
    with trio.move_on_after(0.5):
        await stage.call("trial")

    assert await stage.call() == "200  {}"
    assert stage.lines[-1] == "1.500 breaker closed (1 calls, 0% failed)"


async def test_a_deadline_outside_of_the_breaker_teaches_it_as_much_as_a_timeout_inside(autojump_clock: MockClock) -> None:
    stage = Stage(script=[LATER], policy=Policy(timeout=None, deadline=0.5, breaker=QUICK))
    for _ in range(3):
        await stage.call()

    assert stage.lines[-2:] == ["1.000 breaker open (2 calls, 100% failed)", "1.000 r1 try 1 rejected: breaker open"]


async def test_a_full_bulkhead_does_not_open_the_breaker(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.5)], policy=Policy(breaker=QUICK, bulkhead=Bulkhead(slots=1)))
    await together(stage, *(f"r{number}" for number in range(20)))

    assert sum("bulkhead full" in line for line in stage.lines) == 19
    assert not any("breaker" in line for line in stage.lines)


async def test_a_hedge_that_lost_does_not_open_the_breaker(autojump_clock: MockClock) -> None:
    stage = Stage(script=[LATER, Act()] * 10, policy=Policy(breaker=QUICK, hedge=Hedge(after=0.1)))
    for _ in range(10):
        await stage.call()

    assert len(stage.requests) == 20
    assert not any("breaker" in line for line in stage.lines)
