"""Saga: what a failed step leaves is undone, at once or also after a crash; take the undoing away and it is left."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken, judged


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("saga", seed=seed) == []


def test_without_its_log_an_order_leaves_half_of_itself_behind_when_it_dies() -> None:
    assert broken("saga", changed=["durable:order.compensation=at_once"]) == [
        "durable: sagas atomic",
        "count(durable, stock released) > count(at-once, stock released) + 2",
    ]


def test_without_compensation_a_failed_step_does() -> None:
    changed = [f"{variant}:order.compensation=none" for variant in ("at-once", "durable")]
    assert broken("saga", changed=changed, variants=["at-once", "durable"]) == [
        "at-once: count(stock released) during declined > 2",
        "durable: sagas atomic",
        "count(durable, stock released) > count(at-once, stock released) + 2",
    ]


def test_where_nobody_dies_undoing_at_once_is_enough() -> None:
    assert broken("saga", changed=["crash=none"], variants=["at-once"]) == ["at-once: breaks sagas atomic"]


def test_the_run_names_the_orders_that_were_left_half_done() -> None:
    checks = {check.variant: check for check in judged("saga", variants=["nothing", "at-once"]).checks if "breaks" in check.text}
    # The crash leaves those it met, eight at 20 a second and 400 ms each; without compensation the refused ones come on top.
    assert 4 <= len(checks["at-once"].guilty) <= 12
    assert len(checks["nothing"].guilty) > 10 + len(checks["at-once"].guilty) - 8
