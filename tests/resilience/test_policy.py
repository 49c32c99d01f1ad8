from __future__ import annotations

from collections.abc import Callable

import pytest

from chaoscli.faults.base import BadSetting
from chaoscli.resilience.policy import Bulkhead, Policy, Retry
from chaoscli.settings import from_plain, to_plain


def test_a_policy_travels_as_plain_json() -> None:
    policy = Policy(
        timeout=None,
        retry=Retry(attempts=4, backoff="exponential", jitter="full", budget=0.1),
        bulkhead=Bulkhead(slots=3, queue=2),
        fallback="last_good",
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
        (lambda: Policy(timeout=0.0), "timeout", "timeout is 0, and nothing answers in no time; `none` waits for ever"),
    ],
)
def test_a_policy_that_could_not_work_is_refused_and_the_setting_named(
    build: Callable[[], object], field: str, message: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        build()

    assert (refused.value.field, str(refused.value)) == (field, message)
