"""Failover: another replica answers what may be asked twice; without another try, or without a key, it is a failure."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("failover") == []


def test_without_another_try_readers_see_each_death() -> None:
    changed = ["retry:gateway.tries=1"]
    assert broken("failover", changed=changed) == [
        "retry: success(readers) >= 99%",
    ]


def test_without_another_try_a_key_helps_nobody() -> None:
    changed = ["keyed:gateway.tries=1"]
    assert broken("failover", changed=changed) == [
        "keyed: success(readers) >= 99%",
        "keyed: success(buyers) >= 98%",
    ]


def test_without_a_key_an_order_is_not_tried_again() -> None:
    changed = ["keyed:buyers.headers=none"]
    assert broken("failover", changed=changed) == [
        "keyed: success(buyers) >= 98%",
    ]
