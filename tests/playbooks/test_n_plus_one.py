"""N plus one: twenty calls for one; a batch that is taken apart again is a loop, and a loop made a batch has nothing to show."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("n-plus-one") == []


def test_a_batch_taken_apart_is_a_loop() -> None:
    assert broken("n-plus-one", changed=["batch:order.batch=false"]) == [
        "batch: amplification(order -> pricing) == 1x",
        "p50(loop) during apart > 3 * p50(batch) during apart",
        "bytes(loop, order -> pricing) > 10 * bytes(batch, order -> pricing)",
    ]


def test_what_is_asked_in_turn_is_not_asked_at_once() -> None:
    changed = ["all-at-once:order.parallel=false"]
    assert broken("n-plus-one", changed=changed) == ["p50(loop) during apart > 1.5 * p50(all-at-once) during apart"]
