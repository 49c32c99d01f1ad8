"""Deadlines and timeouts as they act: whole transcripts."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from chaoscli.messages import DEADLINE
from chaoscli.resilience.policy import Bulkhead, Policy, Retry
from tests.resilience.callee import DOWN, LATER, Act, Stage, together


async def test_a_deadline_is_for_all_tries_and_pauses_together(autojump_clock: MockClock) -> None:
    policy = Policy(timeout=0.4, deadline=1.0, retry=Retry(attempts=9, backoff="constant", base=0.05))
    stage = Stage(script=[LATER], policy=policy)

    assert await stage.call() == "timeout: no answer within 1s in all"
    assert stage.lines == [
        "0.000 r1 try 1 /check",
        "0.400 r1 try 1 timeout 0 after 0.400 (no answer within 400ms)",
        "0.400 r1 try 2 planned in 0.050",
        "0.450 r1 try 2 /check",
        "0.850 r1 try 2 timeout 0 after 0.400 (no answer within 400ms)",
        "0.850 r1 try 3 planned in 0.050",
        "0.900 r1 try 3 /check",
        "1.000 r1 try 3 timeout 0 after 0.100 (no answer within 1s in all)",
    ]


async def test_a_deadline_cuts_the_attempt_that_is_under_way(autojump_clock: MockClock) -> None:
    stage = Stage(script=[LATER], policy=Policy(timeout=5.0, deadline=1.0))

    assert await stage.call() == "timeout: no answer within 1s in all"
    assert stage.lines == ["0.000 r1 try 1 /check", "1.000 r1 try 1 timeout 0 after 1.000 (no answer within 1s in all)"]


async def test_a_retry_that_could_only_come_too_late_is_not_begun(autojump_clock: MockClock) -> None:
    policy = Policy(deadline=1.0, retry=Retry(backoff="constant", base=2.0))
    stage = Stage(script=[DOWN], policy=policy)

    assert await stage.call() == "503  {}"
    assert stage.lines[-1] == "0.000 r1 try 2 denied: deadline too close"


async def test_what_is_left_is_told_to_the_callee_with_every_attempt(autojump_clock: MockClock) -> None:
    policy = Policy(timeout=0.5, deadline=2.0, pass_deadline=True, retry=Retry(attempts=9, backoff="constant", base=0.1))
    stage = Stage(script=[Act(after_s=0.3, status=503)], policy=policy)
    await stage.call()

    # Tries at 0, 0.4, 0.8, 1.2 and 1.6 seconds: as long as the timeout lets them, and the last as long as there is left.
    assert [one.header(DEADLINE) for one in stage.requests] == ["0.500000"] * 4 + ["0.400000"]


async def test_nothing_is_told_unless_asked_for(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act()], policy=Policy(deadline=2.0))
    await stage.call(until=0.1)

    assert stage.requests[0].header(DEADLINE) == ""


async def test_what_our_own_caller_wants_is_kept_to_if_deadlines_are_passed_on(autojump_clock: MockClock) -> None:
    heeding = Stage(script=[LATER], policy=Policy(deadline=2.0, pass_deadline=True))
    assert await heeding.call(until=0.7) == "timeout: whoever asked for it waits no longer"
    assert heeding.lines[-1] == "0.700 r1 try 1 timeout 0 after 0.700 (whoever asked for it waits no longer)"

    deaf = Stage(script=[Act(after_s=1.0)], policy=Policy(deadline=2.0))
    assert await deaf.call(until=0.7) == "200  {}"


async def test_what_nobody_wants_any_more_is_not_even_sent(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act()], policy=Policy(pass_deadline=True))
    await trio.sleep(1.0)

    assert await stage.call(until=0.9) == "timeout: deadline passed: no call to inventory was made"
    assert stage.lines == ["1.000 r1 try 1 rejected: deadline passed"]


async def test_a_timeout_outside_the_retry_is_for_all_tries_together(autojump_clock: MockClock) -> None:
    policy = Policy(timeout=0.5, retry=Retry(attempts=9, backoff="constant", base=0.2), order=("timeout", "retry"))
    stage = Stage(script=[Act(after_s=0.2, status=503)], policy=policy)

    assert await stage.call() == "timeout: no answer within 500ms"
    assert stage.lines[-1] == "0.500 r1 try 2 timeout 0 after 0.100 (no answer within 500ms)"


async def test_a_bulkhead_outside_the_retry_holds_its_slot_through_the_pauses(autojump_clock: MockClock) -> None:
    retry = Retry(attempts=2, backoff="constant", base=1.0)
    usual = Stage(script=[DOWN, Act()], policy=Policy(retry=retry, bulkhead=Bulkhead(slots=1)))
    outside = Stage(script=[DOWN, Act()], policy=Policy(retry=retry, bulkhead=Bulkhead(slots=1), order=("bulkhead", "retry")))

    assert await together(usual, "r1", "r2", apart_s=0.5) == ["r2 200  {}", "r1 200  {}"]
    assert await together(outside, "r1", "r2", apart_s=0.5) == [
        "r2 refused: bulkhead full: no call to inventory was made",
        "r1 200  {}",
    ]
