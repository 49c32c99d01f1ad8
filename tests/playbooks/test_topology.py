"""Topology: who has a list finds the others, who tries again never notices; an address alone dies with its replica."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("topology") == []


def test_without_a_second_try_the_second_of_ignorance_is_felt() -> None:
    changed = ["retry:edge.tries=1"]
    assert broken("topology", changed=changed) == [
        "retry: success == 100%",
    ]


def test_without_the_registry_there_is_one_address() -> None:
    changed = ["registry:edge.calls={shop-1: {timeout: 500ms}}"]
    assert broken("topology", changed=changed) == [
        "registry: success during moves > 70%",
        "calls(edge -> shop-4) of registry > 10",
    ]
