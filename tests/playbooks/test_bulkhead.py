"""Bulkhead: readers of a slow service take every worker from the buyers, unless no more than so many of them may."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("bulkhead") == []


def test_without_the_bulkhead_the_readers_take_all_workers() -> None:
    assert broken("bulkhead", changed=["bulkheads:shop.calls.reviews.bulkhead=none"]) == [
        "bulkheads: busy(shop) during slow < 8",
        "goodput(bulkheads, buyers) during slow > 2 * goodput(shared, buyers) during slow",
        "goodput(bulkheads, buyers) after slow > 1.5 * goodput(shared, buyers) after slow",
        "recovery(shared, buyers) after slow > 3 * recovery(bulkheads, buyers) after slow + 500ms",
        "bulkheads: success(buyers) >= 96%",
        "bulkheads: p95(buyers) < 250ms",
        "bulkheads: rejected(shop -> reviews) during slow > 10",
    ]


def test_a_bulkhead_as_wide_as_the_pool_protects_nobody() -> None:
    failed = broken("bulkhead", changed=["bulkheads:shop.calls.reviews.bulkhead.slots=8"])
    assert "bulkheads: busy(shop) during slow < 8" in failed
    assert "goodput(bulkheads, buyers) during slow > 2 * goodput(shared, buyers) during slow" in failed
