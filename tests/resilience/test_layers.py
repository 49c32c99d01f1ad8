"""Each layer as it acts: whole transcripts of calls under one policy more."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from chaoscli.messages import DEADLINE, IDEMPOTENCY_KEY, RETRY_AFTER, SERVED_AS, Result
from chaoscli.resilience.policy import Breaker, Bulkhead, Cache, Hedge, Policy, RateLimit, Reply, Retry, Throttle
from tests.resilience.callee import Act, Stage

REFUSED = Act(result=Result.REFUSED)
DOWN = Act(status=503)
LATER = Act(after_s=9.0)


async def together(stage: Stage, *names: str, apart_s: float = 0.001) -> list[str]:
    """Calls that begin one just after another: how each came out, in the order of their ends."""
    ends: list[str] = []

    async def call(number: int, name: str) -> None:
        await trio.sleep(apart_s * number)
        ends.append(f"{name} {await stage.call(name)}")

    async with trio.open_nursery() as nursery:
        for number, name in enumerate(names):
            nursery.start_soon(call, number, name)
    return ends


# -- deadline ------------------------------------------------------------------------------------------------------------------


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


# -- retry ---------------------------------------------------------------------------------------------------------------------


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


# -- hedge ---------------------------------------------------------------------------------------------------------------------


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


# -- throttle and rate limit -----------------------------------------------------------------------------------------------------


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


# -- breaker -------------------------------------------------------------------------------------------------------------------

QUICK = Breaker(calls=4, at_least=2, open_for=1.0, trials=1)


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


# -- cache ---------------------------------------------------------------------------------------------------------------------


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


async def test_what_has_an_effect_is_never_answered_from_the_cache(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act()], policy=Policy(cache=Cache()))
    for _ in range(3):
        await stage.call(method="POST")

    assert len(stage.requests) == 3


# -- fallback ------------------------------------------------------------------------------------------------------------------

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


# -- idempotency key -----------------------------------------------------------------------------------------------------------


async def test_the_key_is_the_same_for_every_attempt_and_another_for_another_call(autojump_clock: MockClock) -> None:
    policy = Policy(retry=Retry(attempts=3), idempotency_key=True)
    stage = Stage(script=[DOWN], policy=policy)
    await stage.call("r1", method="POST")
    await stage.call("r1", method="POST", number=2)
    await stage.call("r2", method="POST")
    keys = [one.header(IDEMPOTENCY_KEY) for one in stage.requests]

    assert [keys.index(key) for key in keys] == [0, 0, 0, 3, 3, 3, 6, 6, 6]
    assert "" not in keys


# -- order ---------------------------------------------------------------------------------------------------------------------


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
