"""Retries and hedges as they act: whole transcripts."""

from __future__ import annotations

from trio.testing import MockClock

from chaoscli.events import CallHedged
from chaoscli.messages import IDEMPOTENCY_KEY, RETRY_AFTER
from chaoscli.resilience.policy import Hedge, Policy, Retry
from tests.resilience.callee import DOWN, LATER, REFUSED, Act, Stage


async def test_retry_after_is_waited_for(autojump_clock: MockClock) -> None:
    script = [Act(status=503, headers=((RETRY_AFTER, "3"),)), Act()]
    stage = Stage(script=script, policy=Policy(retry=Retry(backoff="constant", base=0.1)))

    assert await stage.call() == "200  {}"
    assert stage.lines[2:4] == ["0.000 r1 try 2 planned in 3.000", "3.000 r1 try 2 /check"]


async def test_a_retry_after_longer_than_the_cap_ends_the_tries(autojump_clock: MockClock) -> None:
    script = [Act(status=503, headers=((RETRY_AFTER, "60"),))]
    stage = Stage(script=script, policy=Policy(retry=Retry(cap=10.0, budget=1.0)))
    await stage.call()

    assert stage.lines[2:] == ["0.000 r1 try 2 denied: told to wait longer"]


async def test_retry_after_can_be_ignored(autojump_clock: MockClock) -> None:
    script = [Act(status=503, headers=((RETRY_AFTER, "60"),)), Act()]
    stage = Stage(script=script, policy=Policy(retry=Retry(retry_after=False)))

    assert await stage.call() == "200  {}"
    assert stage.now() == 0.0


async def test_a_late_answer_is_asked_for_again_and_the_loser_is_given_up(autojump_clock: MockClock) -> None:
    stage = Stage(script=[LATER, Act(after_s=0.05, body=b"quick")], policy=Policy(hedge=Hedge(after=0.1)))

    assert await stage.call() == "200 quick {}"
    assert round(stage.now(), 6) == 0.15
    assert stage.lines == [
        "0.000 r1 try 1 /check",
        "0.100 r1 try 2 hedged after 0.100",
        "0.100 r1 try 2 /check",
        "0.150 r1 try 2 ok 200 after 0.050 ()",
        "0.150 r1 try 1 cancelled 0 after 0.150 (another attempt answered first)",
    ]


async def test_the_first_answer_may_still_win(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.12, body=b"first"), LATER], policy=Policy(hedge=Hedge(after=0.1)))

    assert await stage.call() == "200 first {}"
    assert stage.lines[-1] == "0.120 r1 try 2 cancelled 0 after 0.020 (another attempt answered first)"


async def test_an_answer_in_time_is_not_hedged(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.09)], policy=Policy(hedge=Hedge(after=0.1)))
    await stage.call()

    assert stage.lines == ["0.000 r1 try 1 /check", "0.090 r1 try 1 ok 200 after 0.090 ()"]


async def test_a_copy_that_fails_leaves_the_other_its_chance(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.3, body=b"slow"), DOWN], policy=Policy(hedge=Hedge(after=0.1)))

    assert await stage.call() == "200 slow {}"
    assert stage.lines[2:4] == ["0.100 r1 try 2 /check", "0.100 r1 try 2 failed 503 after 0.000 ()"]


async def test_when_all_copies_fail_the_last_failure_counts_and_the_retry_goes_on_from_there(autojump_clock: MockClock) -> None:
    script = [Act(after_s=0.2, status=500), REFUSED, Act(body=b"third")]
    stage = Stage(script=script, policy=Policy(hedge=Hedge(after=0.1), retry=Retry(attempts=2)))

    assert await stage.call() == "200 third {}"
    assert stage.lines[2:] == [
        "0.100 r1 try 2 /check",
        "0.100 r1 try 2 refused 0 after 0.000 (the script says so)",
        "0.200 r1 try 1 failed 500 after 0.200 ()",
        "0.200 r1 try 3 planned in 0.000",
        "0.200 r1 try 3 /check",
        "0.200 r1 try 3 ok 200 after 0.000 ()",
    ]


async def test_several_copies_go_out_one_delay_after_another(autojump_clock: MockClock) -> None:
    stage = Stage(script=[LATER], policy=Policy(timeout=1.0, hedge=Hedge(after=0.1, copies=3)))
    await stage.call()

    assert [f"{one.header('x-attempt')} at {one.header('x-sent-at')}" for one in stage.requests] == [
        "1 at 0.000",
        "2 at 0.100",
        "3 at 0.200",
        "4 at 0.300",
    ]


async def test_what_is_not_safe_to_run_twice_is_not_hedged(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.3)], policy=Policy(hedge=Hedge(after=0.1)))
    await stage.call(method="POST")
    assert len(stage.requests) == 1

    keyed = Stage(script=[Act(after_s=0.3)], policy=Policy(hedge=Hedge(after=0.1), idempotency_key=True))
    await keyed.call(method="POST")
    assert len({one.header(IDEMPOTENCY_KEY) for one in keyed.requests}) == 1
    assert len(keyed.requests) == 2


async def test_a_hedge_by_percentile_learns_how_long_answers_take(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.02)] * 20 + [LATER, Act()], policy=Policy(hedge=Hedge(after=1.0, percentile=0.95)))
    for number in range(21):
        await stage.call(f"r{number}")

    assert [line.split(" ", 1)[1] for line in stage.lines if "hedged" in line] == ["r20 try 2 hedged after 0.020"]


async def test_one_answer_in_twenty_that_hangs_stays_one_hedge_in_twenty(autojump_clock: MockClock) -> None:
    # Quick answers take from 100 to 199 ms. What is given up counts as slow, or the percentile would come to lie among the quick
    # ones and one in ten be hedged.
    script = [Act(after_s=9.0 if number % 20 == 0 else 0.1 + number * 37 % 100 / 1000) for number in range(1000)]
    stage = Stage(script=script, policy=Policy(timeout=None, hedge=Hedge(after=1.0, percentile=0.95)))
    for number in range(800):
        await stage.call(f"r{number}")
    hedged = [event for event in stage.events[len(stage.events) // 2 :] if isinstance(event, CallHedged)]

    assert 20 <= len(hedged) <= 28  # of four hundred


async def test_the_key_is_the_same_for_every_attempt_and_another_for_another_call(autojump_clock: MockClock) -> None:
    policy = Policy(retry=Retry(attempts=3), idempotency_key=True)
    stage = Stage(script=[DOWN], policy=policy)
    await stage.call("r1", method="POST")
    await stage.call("r1", method="POST", number=2)
    await stage.call("r2", method="POST")
    keys = [one.header(IDEMPOTENCY_KEY) for one in stage.requests]

    assert [keys.index(key) for key in keys] == [0, 0, 0, 3, 3, 3, 6, 6, 6]
    assert "" not in keys
