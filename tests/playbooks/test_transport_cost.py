"""Transport cost: connections and bytes for the same orders; each saving, taken away, is on the bill again."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("transport-cost") == []


def test_a_pool_that_keeps_nothing_costs_what_the_chatty_one_does() -> None:
    assert broken("transport-cost", changed=["pooled:order.calls.pricing.connections=new"]) == [
        "pooled: connections(order -> pricing) < 30",
        "cost(chatty, order -> pricing) > 3 * cost(pooled, order -> pricing)",
    ]


def test_a_batch_that_is_never_kept_still_sends_what_it_must_for_each_order() -> None:
    changed = ["batched-cached:order.calls.pricing.cache=none", "batched-cached:order.batch=false"]
    assert broken("transport-cost", changed=changed) == [
        "cost(pooled, order -> pricing) > 10 * cost(batched-cached, order -> pricing)",
        "bytes(pooled, order -> pricing) > 10 * bytes(batched-cached, order -> pricing)",
    ]
