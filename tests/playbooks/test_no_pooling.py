"""No pooling: a connection for each call is a round trip more for each; kept ones, made new again, show it."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("no-pooling") == []


def test_without_the_pool_every_call_pays_for_its_handshake() -> None:
    assert broken("no-pooling", changed=["pooled:page.calls.prices.connections=new"]) == [
        "p50(new) > p50(pooled) + 100ms",
        "pooled: connections(page -> prices) < 20",
    ]


def test_the_same_with_tls_which_makes_it_worse() -> None:
    assert broken("no-pooling", changed=["pooled-tls:page.calls.prices.connections=new"]) == [
        "p50(new-tls) > p50(pooled-tls) + 250ms",
        "pooled-tls: connections(page -> prices) < 20",
        "bytes(pooled-tls, page -> prices) < 3 * bytes(pooled, page -> prices)",
    ]


def test_without_tls_a_new_connection_is_only_as_dear_as_any() -> None:
    assert broken("no-pooling", changed=["new-tls:prices.tls=false"]) == [
        "new-tls: p50 > 600ms",
        "p50(new-tls) > p50(pooled-tls) + 250ms",
        "bytes(new-tls, page -> prices) > 3 * bytes(new, page -> prices)",
    ]
