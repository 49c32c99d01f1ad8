"""Duplicates: a lost word and a slow hand bring messages again; who does not know them sends parcels out again."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("duplicates", seed=seed) == []


def test_a_consumer_that_does_not_look_ships_twice() -> None:
    assert broken("duplicates", changed=["idempotent:shipping.idempotent=false"], variants=["idempotent"]) == [
        "idempotent: one effect per key",
        "idempotent: count(shipment repeated) > 5",
        "count(idempotent, shipped) == count(idempotent, published)",
    ]


def test_a_longer_visibility_hides_the_slow_hand_and_not_the_lost_word() -> None:
    assert broken("duplicates", changed=["naive:broker.visibility=700ms"], variants=["naive"]) == [
        "naive: duplicates(shipped) during slow > 5"
    ]
