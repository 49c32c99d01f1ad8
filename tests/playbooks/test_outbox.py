"""Outbox: what is written and then told is lost in between; what is written to be told is told, perhaps twice."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken, judged


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("outbox", seed=seed) == []


def test_without_its_outbox_an_order_forgets_again() -> None:
    assert broken("outbox", changed=["outbox:order.outbox=false"]) == [
        "outbox: every order published",
        "outbox: count(shipment repeated) >= 1",
        "count(outbox, shipped) > count(publish, shipped) + 20",
    ]


def test_who_is_told_twice_must_know_it_again() -> None:
    assert broken("outbox", changed=["shipping.idempotent=false"], variants=["outbox"]) == [
        "outbox: one effect per key",
        "outbox: count(shipment repeated) >= 1",
    ]


def test_the_run_names_the_orders_that_nobody_will_send() -> None:
    law = next(check for check in judged("outbox", variants=["publish"]).checks if check.text == "breaks every order published")
    assert len(law.guilty) > 20
    assert all(request.startswith("shoppers-") for request in law.guilty)
