from __future__ import annotations

import trio
from trio.testing import MockClock

from chaoscli.events import RetryPlanned
from chaoscli.messages import SERVED_AS, Result
from chaoscli.resilience.policy import Bulkhead, Policy, Retry
from tests.resilience.callee import Act, Stage

EXPONENTIAL = Retry(attempts=4, backoff="exponential", base=0.1)
MARKED = {SERVED_AS: "fallback"}


async def test_a_call_that_succeeds_is_one_try(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.2, body=b"yes")], policy=Policy())

    assert await stage.call() == "200 yes {}"
    assert stage.lines == ["0.000 r1 try 1 /check", "0.200 r1 try 1 ok 200 after 0.200 ()"]


async def test_without_a_retry_a_failure_is_final(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.1, result=Result.REFUSED)], policy=Policy())

    assert await stage.call() == "refused: the script says so"
    assert stage.lines == ["0.000 r1 try 1 /check", "0.100 r1 try 1 refused 0 after 0.100 (the script says so)"]


async def test_a_timeout_ends_the_attempt_and_not_the_call(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=9.0), Act(after_s=0.1)], policy=Policy(timeout=0.3, retry=Retry(attempts=2)))

    assert await stage.call() == "200  {}"
    assert stage.lines == [
        "0.000 r1 try 1 /check",
        "0.300 r1 try 1 timeout 0 after 0.300 (no answer within 300ms)",
        "0.300 r1 try 2 planned in 0.000",
        "0.300 r1 try 2 /check",
        "0.400 r1 try 2 ok 200 after 0.100 ()",
    ]


async def test_without_a_timeout_a_call_waits_as_long_as_it_takes(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=86_400.0)], policy=Policy(timeout=None))

    assert await stage.call() == "200  {}"
    assert stage.now() == 86_400.0


async def test_retries_back_off_and_end_with_what_the_last_try_got(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(status=503, body=b"no")], policy=Policy(retry=EXPONENTIAL))

    assert await stage.call() == "503 no {}"
    assert stage.lines == [
        "0.000 r1 try 1 /check",
        "0.000 r1 try 1 failed 503 after 0.000 ()",
        "0.000 r1 try 2 planned in 0.100",
        "0.100 r1 try 2 /check",
        "0.100 r1 try 2 failed 503 after 0.000 ()",
        "0.100 r1 try 3 planned in 0.200",
        "0.300 r1 try 3 /check",
        "0.300 r1 try 3 failed 503 after 0.000 ()",
        "0.300 r1 try 4 planned in 0.400",
        "0.700 r1 try 4 /check",
        "0.700 r1 try 4 failed 503 after 0.000 ()",
    ]


async def test_each_try_is_prepared_anew(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(status=500)], policy=Policy(retry=EXPONENTIAL))
    await stage.call()

    assert [(one.header("x-attempt"), one.header("x-sent-at")) for one in stage.requests] == [
        ("1", "0.000"),
        ("2", "0.100"),
        ("3", "0.300"),
        ("4", "0.700"),
    ]


async def test_an_answer_that_will_not_change_is_not_asked_for_again(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(status=404)], policy=Policy(retry=EXPONENTIAL))

    assert await stage.call() == "404  {}"
    assert len(stage.requests) == 1


async def test_jitter_depends_on_the_seed_and_the_request_alone(autojump_clock: MockClock) -> None:
    policy = Policy(retry=Retry(attempts=4, backoff="exponential", base=0.1, jitter="full"))

    async def pauses(seed: int, *before: str) -> list[str]:
        stage = Stage(script=[Act(status=500)], policy=policy, seed=seed)
        for name in (*before, "r1"):
            await stage.call(name)
        return [line.split("planned")[1] for line in stage.lines if " r1 " in line and "planned" in line]

    assert await pauses(7) == await pauses(7, "r0", "r00")
    assert await pauses(7) != await pauses(8)


async def test_each_pause_rolls_dice_of_its_own(autojump_clock: MockClock) -> None:
    retry = Retry(attempts=5, backoff="constant", base=0.1, jitter="full")
    stage = Stage(script=[Act(status=500)], policy=Policy(retry=retry))
    await stage.call("r1", target="/check")
    await stage.call("r1", target="/reserve")

    pauses = [event.delay_s for event in stage.events if isinstance(event, RetryPlanned)]
    assert len(set(pauses)) == len(pauses) == 8


async def test_a_spent_budget_denies_the_retry(autojump_clock: MockClock) -> None:
    policy = Policy(retry=Retry(attempts=4, budget=0.5))
    stage = Stage(script=[Act(status=500)], policy=policy)
    for name in ("r1", "r2", "r3"):
        await stage.call(name)

    # half a token for each first try: nothing for r1, one retry for r2 (denied a second), nothing for r3
    assert [line for line in stage.lines if "denied" in line or "planned" in line] == [
        "0.000 r1 try 2 denied: budget spent",
        "0.000 r2 try 2 planned in 0.000",
        "0.000 r2 try 3 denied: budget spent",
        "0.000 r3 try 2 denied: budget spent",
    ]


async def test_a_full_bulkhead_turns_calls_away_unsent(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=1.0)], policy=Policy(bulkhead=Bulkhead(slots=1, queue=1)))
    ends: list[str] = []

    async def call(name: str) -> None:
        await trio.sleep(0.001 * int(name[1:]))  # in the order of their numbers
        ends.append(f"{stage.now():.3f} {name} {await stage.call(name)}")

    async with trio.open_nursery() as nursery:
        for name in ("r1", "r2", "r3"):
            nursery.start_soon(call, name)

    assert stage.lines == [
        "0.001 r1 try 1 /check",
        "0.003 r3 try 1 rejected: bulkhead full",
        "1.001 r1 try 1 ok 200 after 1.000 ()",
        "1.001 r2 try 1 /check",
        "2.001 r2 try 1 ok 200 after 1.000 ()",
    ]
    assert "0.003 r3 refused: bulkhead full: no call to inventory was made" in ends
    assert [one.header("x-sent-at") for one in stage.requests] == ["0.001", "1.001"]


async def test_a_timeout_counts_from_the_sending_and_not_from_the_wait_for_a_slot(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=0.4)], policy=Policy(timeout=0.5, bulkhead=Bulkhead(slots=1, queue=5)))

    async with trio.open_nursery() as nursery:
        for name in ("r1", "r2", "r3"):
            nursery.start_soon(stage.call, name)

    assert sum(" ok 200 after 0.400" in line for line in stage.lines) == 3


async def test_slots_come_back_from_every_way_out(autojump_clock: MockClock) -> None:
    script = [Act(after_s=9.0), Act(result=Result.RESET), Act(after_s=9.0), Act(after_s=9.0), Act()]
    stage = Stage(script=script, policy=Policy(timeout=0.1, bulkhead=Bulkhead(slots=1, queue=1)))

    assert (await stage.call("r1")).startswith("timeout")
    assert (await stage.call("r2")).startswith("reset")
    with trio.move_on_after(0.05):
        await stage.call("r3")
    with trio.move_on_after(0.05):  # r4 holds the slot while r5, waiting for it, is given up
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.call, "r4")
            nursery.start_soon(stage.call, "r5")
    assert await stage.call("r6") == "200  {}"


async def test_a_call_given_up_from_outside_still_ends_in_the_record(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(after_s=9.0)], policy=Policy(timeout=None))
    with trio.move_on_after(0.5):
        await stage.call()

    assert stage.lines == ["0.000 r1 try 1 /check", "0.500 r1 try 1 unanswered 0 after 0.500 (given up from outside)"]


async def test_a_fallback_answers_with_the_last_good_reply_and_its_age(autojump_clock: MockClock) -> None:
    script = [Act(body=b"100 left"), Act(after_s=9.0)]
    stage = Stage(script=script, policy=Policy(timeout=0.3, retry=Retry(attempts=2), fallback="last_good"))
    await stage.call("r1")
    await trio.sleep(2.0)
    stage.lines.clear()

    assert await stage.call("r2") == f"200 100 left {MARKED}"
    assert stage.lines == [
        "2.000 r2 try 1 /check",
        "2.300 r2 try 1 timeout 0 after 0.300 (no answer within 300ms)",
        "2.300 r2 try 2 planned in 0.000",
        "2.300 r2 try 2 /check",
        "2.600 r2 try 2 timeout 0 after 0.300 (no answer within 300ms)",
        "2.600 r2 fallback after timeout, 2.600 old",
    ]


async def test_a_fallback_needs_something_to_remember(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(), Act(status=500)], policy=Policy(fallback="last_good"))
    await stage.call(target="/check/BOOK-001")

    assert await stage.call(target="/check/BOOK-002") == "500  {}"


async def test_an_answer_that_says_no_is_passed_on_and_not_replaced(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(body=b"old"), Act(status=400, body=b"sold out")], policy=Policy(fallback="last_good"))
    await stage.call()

    assert await stage.call() == "400 sold out {}"


async def test_a_callee_that_answers_from_memory_is_told_apart(autojump_clock: MockClock) -> None:
    stage = Stage(script=[Act(headers=((SERVED_AS, "fallback"),))], policy=Policy(fallback="last_good"))
    await stage.call()

    assert stage.lines[-1] == "0.000 r1 try 1 fallback 200 after 0.000 ()"
