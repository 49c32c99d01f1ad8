"""Metastable: the unprotected stay down when the cause is gone; each cure breaks the circle, and taken away it closes again."""

from __future__ import annotations

import math

import pytest

from tests.support.simulations import broken, judged


def test_every_expectation_holds() -> None:
    assert broken("metastable") == []


def test_the_unprotected_are_still_down_at_the_end_long_after_the_push() -> None:
    unprotected = next(one for one in judged("metastable").variants if one.name == "unprotected")
    assert unprotected.measures["recovery"] == math.inf


def test_nothing_keeps_the_unprotected_down_that_was_not_pushed() -> None:
    """The same services under the same load are well for as long as nobody pushes them."""
    unpushed = judged("metastable", changed=["faults.push.by=1.01x"])
    assert {one.name: one.measures["success"] for one in unpushed.variants} == {
        "unprotected": 1.0,
        "budget": 1.0,
        "short-queue": 1.0,
        "drop-expired": 1.0,
    }


@pytest.mark.parametrize(
    ("variant", "taken_out", "too_many"),
    [
        ("budget", "order.calls.inventory.retry.budget=none", ["budget: amplification(order -> inventory) <= 1.1"]),
        ("short-queue", "inventory.queue=2000", []),
        ("drop-expired", "inventory.drop_expired=false", []),
        ("drop-expired", "order.calls.inventory.pass_deadline=false", []),
    ],
)
def test_without_its_cure_each_variant_stays_down_as_well(variant: str, taken_out: str, too_many: list[str]) -> None:
    assert broken("metastable", changed=[f"{variant}:{taken_out}"]) == [
        f"{variant}: goodput after push > 4/s",
        f"goodput({variant}) after push > 5 * goodput(unprotected) after push",
        f"{variant}: recovery after push < 6s",
        *too_many,
    ]
