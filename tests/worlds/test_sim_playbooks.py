"""Every lesson on the shelf holds in the simulated world too, under the dice of any seed, and notices when its cure is gone."""

from __future__ import annotations

import pytest

from chaoscli.playbook.load import shipped
from tests.support.simulations import judged

NAMES = [one.name for one in shipped()]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_holds_whatever_the_dice(name: str, seed: int) -> None:
    outcome = judged(name, seed=seed)
    assert [f"{check.written or check.text}: {check.shown} {check.reason}" for check in outcome.broken] == []
    assert outcome.problems == ()


@pytest.mark.parametrize(
    ("name", "without_its_cure"),
    [
        ("partition", "timeout:order.calls.inventory.timeout=none"),
        ("drops", "idempotent:order.idempotency_key=false"),
        ("retries", "backoff:order.calls.inventory.retry.backoff=none"),
    ],
)
def test_a_lesson_whose_cure_is_taken_out_fails(name: str, without_its_cure: str) -> None:
    assert judged(name, changed=[without_its_cure]).broken
