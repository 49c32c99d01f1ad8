"""Retry layers: tries to the power of layers; one more layer that retries, or no budgets, and the numbers are not kept."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken, judged

LAYERS = ("edge -> order", "order -> stock", "stock -> database")


def test_every_expectation_holds() -> None:
    assert broken("retry-layers") == []


@pytest.mark.parametrize("tries", [2, 3, 4])
def test_the_last_service_gets_tries_to_the_power_of_layers(tries: int) -> None:
    attempts = [f"every-layer:{'.calls.'.join(layer.split(' -> '))}.retry.attempts={tries}" for layer in LAYERS]
    checks = judged("retry-layers", changed=attempts).checks
    shown = [one.shown for one in checks if one.variant == "every-layer" and "stock -> database" in one.text]
    assert shown == [f"{tries ** len(LAYERS)}x {'==' if tries == 3 else '!='} 27"]


def test_a_second_and_a_third_layer_that_retries_multiply_the_first() -> None:
    changed = ["edge-only:order.calls.stock.retry={attempts: 3}", "edge-only:stock.calls.database.retry={attempts: 3}"]
    assert broken("retry-layers", changed=changed) == [
        "edge-only: amplification(stock -> database) during down == 3",
        "peak(every-layer, database) >= 5 * peak(edge-only, database)",
    ]


def test_without_budgets_no_client_keeps_to_a_tenth() -> None:
    changed = [f"budgets:{'.calls.'.join(layer.split(' -> '))}.retry.budget=none" for layer in LAYERS]
    assert broken("retry-layers", changed=changed) == [
        "budgets: amplification(edge -> order) <= 1.1",
        "calls(budgets, order -> stock) <= 1.1 * calls(budgets, edge -> order)",
        "calls(budgets, stock -> database) <= 1.1 * calls(budgets, order -> stock)",
    ]
