"""Administrators: settings in order, or a deadline all of them keep; out of order again, the outage is back."""

from __future__ import annotations

from tests.support.simulations import broken

INVERTED = "{timeout: 200ms, retry: {attempts: 3}}"


def test_every_expectation_holds() -> None:
    assert broken("administrators") == []


def test_timeouts_out_of_order_are_the_outage_again() -> None:
    changed = [f"in-order:web.calls.order={INVERTED}", "in-order:order.calls.inventory={timeout: 1s, retry: {attempts: 2}}"]
    assert broken("administrators", changed=changed) == [
        "in-order: success during slow >= 80%",
        "in-order: amplification(web -> order) during slow == 1x",
        "calls(inverted, order -> inventory) > 2 * calls(in-order, order -> inventory)",
    ]


def test_a_deadline_that_is_kept_to_but_too_short_for_the_work_saves_nobody() -> None:
    changed = [f"deadline:web.calls.order={INVERTED}"]
    assert broken("administrators", changed=changed) == ["deadline: success during slow >= 80%", "success(deadline) >= 90%"]
