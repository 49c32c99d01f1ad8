"""What a caller promises under any policy, against any callee: bounds hold, every step is told once, the seed decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from chaoscli.events import CallEnded, CallHedged, CallRejected, CallStarted, Event, RetryPlanned
from chaoscli.messages import DEADLINE, Result
from chaoscli.resilience.policy import (
    LAYERS,
    Breaker,
    Bulkhead,
    Cache,
    Hedge,
    Policy,
    RateLimit,
    Reply,
    Retry,
    Throttle,
)
from chaoscli.worlds.clock import Kernel, simulate
from tests.resilience.callee import Act, Stage

ACTS = st.builds(
    Act,
    after_s=st.sampled_from([0.0, 0.05, 0.2, 1.0, 30.0]),
    status=st.sampled_from([200, 302, 400, 404, 429, 500, 503]),
    result=st.none() | st.sampled_from([Result.REFUSED, Result.RESET]),
)
POLICIES = st.builds(
    Policy,
    timeout=st.sampled_from([0.1, 0.3, 2.0]),
    retry=st.none()
    | st.builds(
        Retry,
        attempts=st.integers(1, 5),
        backoff=st.sampled_from(["none", "constant", "exponential"]),
        base=st.sampled_from([0.0, 0.1]),
        jitter=st.sampled_from(["none", "full", "equal"]),
        budget=st.none() | st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    ),
    bulkhead=st.none() | st.builds(Bulkhead, slots=st.integers(1, 3), queue=st.integers(0, 3)),
    fallback=st.none() | st.just("last_good"),
    # No sum of the times of acts and pauses: two things at one instant may come in either order.
    deadline=st.none() | st.sampled_from([0.1537, 1.1371]),
    throttle=st.none() | st.just(Throttle()),
    rate_limit=st.none() | st.builds(RateLimit, rate=st.just(7.0), burst=st.integers(1, 3), wait=st.sampled_from([0.0, 0.3])),
    breaker=st.none() | st.just(Breaker(calls=4, at_least=2, open_for=0.2, trials=1)),
    order=st.permutations(LAYERS).map(tuple) | st.just(()),
)
# A cache answers some without a try, and a hedge sends more of them: bounds of their own.
ANY_POLICIES = st.builds(
    replace,
    POLICIES,
    hedge=st.none() | st.builds(Hedge, after=st.sampled_from([0.01, 0.07]), copies=st.integers(1, 3)),
    cache=st.none() | st.builds(Cache, ttl=st.just(0.4), refresher=st.sampled_from(["one", "everyone"]), stale=st.just(0.2)),
    fallback_reply=st.none() | st.just(Reply()),
    pass_deadline=st.booleans(),
    idempotency_key=st.booleans(),
)


def played(policy: Policy, script: Sequence[Act], gaps: Sequence[float], *, seed: int = 7) -> Stage:
    """Calls begun one after another, ``gaps`` seconds apart, not waiting for each other."""
    stages = []

    async def main() -> None:
        stages.append(Stage(script=script, policy=policy, seed=seed))
        async with trio.open_nursery() as nursery:
            for number, gap in enumerate(gaps, start=1):
                # Uneven, so that no two things happen at one instant, when trio may take either first.
                await trio.sleep(gap + 0.0001 * number)
                nursery.start_soon(stages[0].call, f"r{number}")

    trio.run(main, clock=MockClock(autojump_threshold=0))
    return stages[0]


def of(stage: Stage, kind: type[Event]) -> list[Event]:
    return [event for event in stage.events if isinstance(event, kind)]


GAPS = st.lists(st.sampled_from([0.0, 0.03, 0.5]), min_size=1, max_size=8)
SCRIPTS = st.lists(ACTS, min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(POLICIES, SCRIPTS, GAPS)
def test_bounds_hold_under_any_policy(policy: Policy, script: list[Act], gaps: list[float]) -> None:
    stage = played(policy, script, gaps)
    attempts = policy.retry.attempts if policy.retry else 1
    tries = Counter(event.request for event in stage.events if isinstance(event, CallStarted | CallRejected))

    assert all(1 <= count <= attempts for count in tries.values())
    assert len(tries) == len(gaps)
    assert most_at_once(stage) <= (policy.bulkhead.slots if policy.bulkhead else len(gaps))
    assert all(event.seconds <= (policy.timeout or 0.0) + 1e-6 for event in stage.events if isinstance(event, CallEnded))
    if policy.retry and policy.retry.budget is not None:
        assert len(of(stage, RetryPlanned)) <= len(gaps) * policy.retry.budget


@settings(max_examples=100, deadline=None)
@given(POLICIES, SCRIPTS, GAPS)
def test_every_start_has_one_end_and_every_retry_was_planned(policy: Policy, script: list[Act], gaps: list[float]) -> None:
    stage = played(policy, script, gaps)
    started = Counter((one.request, one.attempt) for one in stage.events if isinstance(one, CallStarted))
    ended = Counter((one.request, one.attempt) for one in stage.events if isinstance(one, CallEnded))
    again = Counter(
        (one.request, one.attempt) for one in stage.events if isinstance(one, CallStarted | CallRejected) and one.attempt > 1
    )
    planned = Counter((one.request, one.attempt) for one in stage.events if isinstance(one, RetryPlanned))

    assert started == ended
    assert again == planned
    assert set(started.values()) <= {1}
    assert [event.at for event in stage.events] == sorted(event.at for event in stage.events)


def simulated(policy: Policy, script: Sequence[Act], gaps: Sequence[float], seed: int) -> list[str]:
    """The same on the clock of simulated worlds, where what happens at one instant happens in an order of the seed's own."""

    async def main(kernel: Kernel) -> list[str]:
        stage = Stage(script=script, policy=policy, seed=seed, sleep=kernel.sleep, limit=kernel.move_on_after)
        async with trio.open_nursery() as nursery:
            for number, gap in enumerate(gaps, start=1):
                await kernel.sleep(gap)
                nursery.start_soon(stage.call, f"r{number}")
        return stage.lines

    return simulate(main, seed=seed)


@settings(max_examples=100, deadline=None)
@given(ANY_POLICIES, SCRIPTS, GAPS, st.integers(0, 100))
def test_a_simulated_caller_tells_the_same_story_whatever_its_policy_and_whatever_meets_at_one_instant(
    policy: Policy, script: list[Act], gaps: list[float], seed: int
) -> None:
    assert simulated(policy, script, gaps, seed) == simulated(policy, script, gaps, seed)


def calm_after(policy: Policy, script: Sequence[Act], gaps: Sequence[float]) -> str:
    """How a call comes out when everything is over and the callee is well again."""
    said: list[str] = []

    async def main() -> None:
        stage = Stage(script=script, policy=policy)
        async with trio.open_nursery() as nursery:
            for number, gap in enumerate(gaps, start=1):
                await trio.sleep(gap)
                nursery.start_soon(stage.call, f"r{number}")
        await trio.sleep(60.0)
        stage.script = [Act(body=b"well")]
        stage.requests.clear()
        said.append(await stage.call("afterwards", target="/another"))

    trio.run(main, clock=MockClock(autojump_threshold=0))
    return said[0]


@settings(max_examples=150, deadline=None)
@given(ANY_POLICIES, SCRIPTS, GAPS)
def test_whatever_happened_a_call_to_a_callee_that_is_well_again_goes_through(
    policy: Policy, script: list[Act], gaps: list[float]
) -> None:
    assert calm_after(policy, script, gaps) == "200 well {}"


@settings(max_examples=150, deadline=None)
@given(ANY_POLICIES, SCRIPTS, GAPS)
def test_attempts_are_numbered_bounded_and_ended_whatever_sends_them(
    policy: Policy, script: list[Act], gaps: list[float]
) -> None:
    stage = played(policy, script, gaps)
    started = Counter((one.request, one.attempt) for one in stage.events if isinstance(one, CallStarted))
    ended = Counter((one.request, one.attempt) for one in stage.events if isinstance(one, CallEnded))
    copies = 1 + (policy.hedge.copies if policy.hedge else 0)
    most = (policy.retry.attempts if policy.retry else 1) * copies
    planned = {(one.request, one.attempt) for one in stage.events if isinstance(one, RetryPlanned | CallHedged)}

    assert started == ended
    assert set(started.values()) <= {1}
    assert all(attempt == 1 or (name, attempt) in planned for name, attempt in started)
    assert max(Counter(name for name, _ in started).values(), default=0) <= most
    assert policy.hedge or not any(isinstance(one, CallEnded) and one.result is Result.CANCELLED for one in stage.events)
    assert all((one.header(DEADLINE) != "") == policy.pass_deadline for one in stage.requests)


# One who waited for a slot starts when another ends: two things at one instant, which trio may take in either order.
WITHOUT_WAITING = POLICIES.filter(
    lambda policy: (
        (policy.bulkhead is None or policy.bulkhead.queue == 0) and (policy.rate_limit is None or policy.rate_limit.wait == 0.0)
    )
)


@settings(max_examples=50, deadline=None)
@given(WITHOUT_WAITING, SCRIPTS, GAPS, st.integers(0, 100))
def test_the_same_seed_tells_the_same_story(policy: Policy, script: list[Act], gaps: list[float], seed: int) -> None:
    assert played(policy, script, gaps, seed=seed).lines == played(policy, script, gaps, seed=seed).lines


@pytest.mark.parametrize(("attempts", "expected"), [(1, 1.0), (2, 1.5), (3, 1.75), (4, 1.875)])
def test_tries_for_each_call_are_as_many_as_the_arithmetic_says(attempts: int, expected: float) -> None:
    # Failing with p = 1/2 each time, n attempts make (1 - p^n) / (1 - p) tries. Two thousand calls, their tries deviating by at
    # most 1.2 each, give a deviation of the mean of 0.026; the dice are fixed.
    dice = Random(7)
    script = [Act(status=dice.choice([200, 503])) for _ in range(20_000)]
    stage = played(Policy(retry=Retry(attempts=attempts)), script, [0.0] * 2000)

    assert len(stage.requests) / 2000 == pytest.approx(expected, abs=0.08)


def test_a_budget_keeps_an_outage_from_multiplying_the_load() -> None:
    # Everything fails: four attempts make four times the load, a budget of 10 % makes 1.1 times.
    script = [Act(status=503)]
    naive = played(Policy(retry=Retry(attempts=4)), script, [0.0] * 500)
    careful = played(Policy(retry=Retry(attempts=4, budget=0.1)), script, [0.0] * 500)

    assert (len(naive.requests), len(careful.requests)) == (2000, 550)


def most_at_once(stage: Stage) -> int:
    """The most calls that were in flight at one time."""
    now = most = 0
    for event in stage.events:
        now += isinstance(event, CallStarted) - isinstance(event, CallEnded)
        most = max(most, now)
    return most
