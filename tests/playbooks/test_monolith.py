"""Monolith: a bulkhead keeps a hung part to itself, and services are deployed one by one; without either the readers feel it."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("monolith") == []


def test_modules_that_share_their_workers_share_their_troubles() -> None:
    changed = [
        "modular:shop.kind=monolith",
        "modular:shop.workers=12",
        "modular:shop.payment={service_time: 1ms}",
        "modular:shop.order={service_time: 1ms}",
    ]
    assert broken("monolith", changed=changed) == ["modular: success(readers) during bank-silent >= 99%"]


def test_services_that_are_deployed_together_are_gone_together() -> None:
    changed = ["microservices:cues.deploy.restart=[inventory, payment]", "microservices:inventory.startup=900ms"]
    assert broken("monolith", changed=changed) == ["microservices: success(readers) from 7s to 8s >= 99%"]
