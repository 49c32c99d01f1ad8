"""Mixed network: counting, hedging and translating are each a cure; without it slow paths and old clients are felt."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("mixed-network") == []


def test_in_turns_a_third_is_slow() -> None:
    changed = ["least-loaded:edge.balance=round_robin"]
    assert broken("mixed-network", changed=changed) == [
        "p90(least-loaded, visitors) during far < 0.9 * p90(in-turns, visitors) during far",
        "requests(least-loaded, shop-3) < 0.7 * requests(in-turns, shop-3)",
    ]


def test_without_a_hedge_the_slow_path_is_waited_for() -> None:
    changed = ["hedged:visitors.hedge=none"]
    assert broken("mixed-network", changed=changed) == [
        "p90(hedged, visitors) during far < 0.9 * p90(in-turns, visitors) during far",
        "requests(hedged, shop) > 1.15 * requests(in-turns, shop)",
    ]


def test_without_the_translator_old_clients_are_strangers() -> None:
    changed = ["least-loaded:edge.paths={shop: /v2, translator: /none}"]
    assert broken("mixed-network", changed=changed) == [
        "least-loaded: success(old-clients) > 95%",
    ]
