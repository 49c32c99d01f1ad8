"""No pooling: a connection for each call is a round trip more for each; kept ones, made new again, show it."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("no-pooling") == []


def test_without_the_pool_every_call_pays_for_its_handshake() -> None:
    assert broken("no-pooling", changed=["pooled:page.calls.prices.connections=new"]) == [
        "pooled: p50 < 190ms",
        "p50(new) > 1.6 * p50(pooled)",
        "pooled: connections(page -> prices) < 30",
    ]
