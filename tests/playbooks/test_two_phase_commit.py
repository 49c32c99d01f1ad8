"""Two-phase commit: without its coordinator everybody waits; back with its log it ends that; a saga has nothing to end."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken


@pytest.mark.parametrize("seed", [4, 9])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("two-phase-commit", seed=seed) == []


def test_back_without_its_log_it_leaves_them_in_doubt() -> None:
    assert broken("two-phase-commit", changed=["recovery:coordinator.recovers=false"], variants=["recovery"]) == [
        "recovery: success(walk-ins) after 4s >= 95%"
    ]


def test_a_saga_without_its_log_leaves_half_of_it_done() -> None:
    assert broken("two-phase-commit", changed=["saga:coordinator.recovers=false"], variants=["saga"]) == [
        "saga: transactions atomic"
    ]


def test_with_locks_again_a_saga_is_none() -> None:
    assert broken("two-phase-commit", changed=["saga:coordinator.protocol=two_phase"], variants=["saga"]) == [
        "saga: success(walk-ins) >= 99%",
        "saga: count(given back) > 5",
    ]


def test_where_nobody_dies_nobody_is_blocked() -> None:
    assert broken("two-phase-commit", changed=["blocked:crash=none"], variants=["blocked"]) == [
        "blocked: success(walk-ins) after 3s < 60%"
    ]
