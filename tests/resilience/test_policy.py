from __future__ import annotations

from collections.abc import Callable

import pytest

from chaoscli.faults.base import BadSetting
from chaoscli.resilience.policy import LAYERS, Breaker, Bulkhead, Cache, Hedge, Layer, Policy, RateLimit, Reply, Retry, Throttle
from chaoscli.settings import from_plain, to_plain


def test_a_policy_travels_as_plain_json() -> None:
    policy = Policy(
        timeout=None,
        retry=Retry(attempts=4, backoff="exponential", jitter="full", budget=0.1),
        bulkhead=Bulkhead(slots=3, queue=2),
        fallback="last_good",
        deadline=2.0,
        pass_deadline=True,
        hedge=Hedge(percentile=0.95),
        throttle=Throttle(ratio=1.1),
        rate_limit=RateLimit(rate=20.0),
        breaker=Breaker(within=2.0),
        cache=Cache(stale=1.0),
        fallback_reply=Reply(json={"available": True}, methods=("GET", "POST")),
        idempotency_key=True,
        order=("breaker", "retry"),
    )

    assert from_plain(Policy, to_plain(policy)) == policy
    assert from_plain(Policy, {}) == Policy()


@pytest.mark.parametrize(
    ("build", "field", "message"),
    [
        (lambda: Retry(attempts=0), "attempts", "attempts is 0; it counts the first try too, from 1 to 100"),
        (lambda: Retry(attempts=101), "attempts", "attempts is 101; it counts the first try too, from 1 to 100"),
        (lambda: Retry(factor=0.5), "factor", "factor is 0.5; pauses that shrink are no backoff, the least is 1"),
        (lambda: Bulkhead(slots=0), "slots", "slots is 0; without a slot no call could ever be made"),
        (lambda: Bulkhead(queue=10_001), "queue", "queue is 10001; it may be from 0 to 10000"),
        (
            lambda: Retry(jitter="decorrelated"),
            "jitter",
            "jitter is decorrelated, which is a way to grow: write `backoff: exponential` beside it",
        ),
        (lambda: Retry(on=()), "on", "on is empty; to try nothing again, write `retry: none`"),
        (lambda: Retry(statuses=(200,)), "statuses", "statuses has 200; an answer that says no is from 400 to 599"),
        (lambda: Breaker(failures=0.0), "failures", "failures is 0%; it would open though nothing failed"),
        (lambda: Breaker(trials=0), "trials", "trials is 0; it may be from 1 to 10000"),
        (lambda: Breaker(at_least=21), "at_least", "at_least is 21, and it looks back on 20 calls: it would never open"),
        (lambda: Breaker(within=0.0), "within", "within is 0; it takes some time"),
        (lambda: Breaker(open_for=0.0), "open_for", "open_for is 0; it takes some time"),
        (lambda: Hedge(copies=5), "copies", "copies is 5; it may be from 1 to 4"),
        (
            lambda: Hedge(percentile=1.0),
            "percentile",
            "percentile must be between 0% and 100%: some calls are later than it, and some are not",
        ),
        (lambda: Throttle(ratio=0.9), "ratio", "ratio is 0.9; below 1 it would hold back calls to a callee that is well"),
        (lambda: Throttle(within=0.0), "within", "within is 0; it takes some time"),
        (lambda: RateLimit(rate=0.0), "rate", "rate is 0; no call would ever be made"),
        (lambda: RateLimit(rate=1.0, burst=0), "burst", "burst is 0; it may be from 1 to 10000"),
        (lambda: Cache(ttl=0.0), "ttl", "ttl is 0; nothing would ever be kept"),
        (lambda: Reply(status=100), "status", "status is 100; a final status is from 200 to 599"),
        (lambda: Policy(deadline=0.0), "deadline", "deadline is 0, and nothing answers in no time; `none` waits for ever"),
        (lambda: Policy(order=("retry", "retry")), "order", "order has 'retry' twice; each layer has one place"),
        (lambda: Policy(timeout=0.0), "timeout", "timeout is 0, and nothing answers in no time; `none` waits for ever"),
    ],
)
def test_a_policy_that_could_not_work_is_refused_and_the_setting_named(
    build: Callable[[], object], field: str, message: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        build()

    assert (refused.value.field, str(refused.value)) == (field, message)


@pytest.mark.parametrize(
    ("order", "layers"),
    [
        ((), LAYERS),
        (("retry",), LAYERS),
        (("retry", "breaker"), LAYERS),  # as they are anyway
        (
            ("breaker", "retry"),
            ("fallback", "cache", "deadline", "breaker", "hedge", "throttle", "rate_limit", "retry", "bulkhead", "timeout"),
        ),
        (
            ("timeout", "fallback", "cache"),
            ("timeout", "fallback", "deadline", "retry", "hedge", "throttle", "rate_limit", "breaker", "bulkhead", "cache"),
        ),
    ],
)
def test_layers_named_in_the_order_share_out_their_places(order: tuple[Layer, ...], layers: tuple[Layer, ...]) -> None:
    assert Policy(order=order).layers == layers


def test_any_order_of_all_layers_can_be_written() -> None:
    backwards = LAYERS[::-1]

    assert Policy(order=backwards).layers == backwards


def test_a_breaker_that_would_open_in_time_is_not_held_to_a_count_of_calls() -> None:
    assert Breaker(within=1.0, at_least=500).at_least == 500
