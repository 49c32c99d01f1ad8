"""Thundering herd: clients in step are turned away again and again; with jitter hardly anybody is, and without it they are."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("thundering-herd") == []


def test_without_jitter_they_come_back_together() -> None:
    assert broken("thundering-herd", changed=["jittered:clients.retry.jitter=none"]) == [
        "turned_away(together, shop) > 3 * turned_away(jittered, shop)",
        "jittered: amplification(clients -> shop) during outage < 1.8",
        "slowest(together) > slowest(jittered) + 2s",
        "jittered: success >= 99%",
    ]


def test_equal_jitter_parts_them_as_well() -> None:
    """Half of each pause is the same for everybody; the other half is as long as the herd is wide."""
    assert broken("thundering-herd", changed=["jittered:clients.retry.jitter=equal"]) == []
