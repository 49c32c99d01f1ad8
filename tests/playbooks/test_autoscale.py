"""Autoscale: a rule is late, and headroom is what bridges it; without either the rush is felt."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("autoscale") == []


def test_without_its_rule_the_queue_grows_until_the_end() -> None:
    changed = ["scaled:shop.autoscale=none"]
    assert broken("autoscale", changed=changed) == [
        "p95(scaled) < 0.8 * p95(fixed)",
        "scaled: p50 from 8s to 11s < 400ms",
        "uptime(fixed, shop) < uptime(scaled, shop)",
    ]


def test_without_headroom_the_rule_is_late() -> None:
    changed = ["headroom:shop.autoscale.target=80%", "headroom:shop.replicas=2"]
    assert broken("autoscale", changed=changed) == [
        "p95(headroom) < p95(scaled)",
        "uptime(scaled, shop) < uptime(headroom, shop)",
    ]
