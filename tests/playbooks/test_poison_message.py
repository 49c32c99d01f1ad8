"""Poison message: in order and for ever, one stops all; counted, it is put aside; unordered, it is only asked for ever."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("poison-message", seed=seed) == []


def test_who_does_not_count_stands_still() -> None:
    assert broken("poison-message", changed=["dead-letter:broker.max_deliveries=none"]) == [
        "dead-letter: count(dead letter) == 1",
        "count(dead-letter, shipped) > 2 * count(for-ever, shipped)",
        "dead-letter: completion(shipped) from 1500ms to 2500ms > 150ms",
        "dead-letter: completion(shipped) after 4s < 500ms",
    ]


def test_keeping_the_order_makes_those_behind_it_wait() -> None:
    changed = ["unordered:broker.in_order=true", "unordered:broker.max_deliveries=3"]
    assert broken("poison-message", changed=changed, variants=["unordered"]) == [
        "unordered: completion(shipped) from 1500ms to 2500ms < 150ms",
        "count(unordered, delivered) > count(unordered, shipped) + 8",
    ]


def test_a_message_that_is_in_order_poisons_nothing() -> None:
    changed = ["vandal.json={orderId: FINE, productId: BOOK-001, quantity: 1, customerId: CUST-0}"]
    assert broken("poison-message", changed=changed, variants=["for-ever", "dead-letter"]) == [
        "for-ever: count(shipped) < 30",
        "dead-letter: count(dead letter) == 1",
        "count(dead-letter, shipped) > 2 * count(for-ever, shipped)",
        "dead-letter: completion(shipped) from 1500ms to 2500ms > 150ms",
    ]
