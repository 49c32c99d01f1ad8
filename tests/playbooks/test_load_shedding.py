"""Load shedding: an endless queue serves everybody too late; a short one, or one turned around, serves as many as it can."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("load-shedding") == []


def test_a_line_that_has_no_end_again_serves_nobody_in_time() -> None:
    assert broken("load-shedding", changed=["bounded:shop.queue=2000"]) == [
        "goodput(bounded) during crowd > 2 * goodput(queue-all) during crowd",
        "bounded: goodput during crowd > 9/s",
        "goodput(bounded) after crowd > 3 * goodput(queue-all) after crowd",
        "recovery(queue-all) after crowd > 2 * recovery(bounded) after crowd",
        "bounded: recovery after crowd < 3s",
        "bounded: queue(shop) <= 6",
    ]


def test_first_come_first_served_has_those_wait_who_are_served() -> None:
    """Dropping what has expired saves the goodput, and whoever is next has waited until just before the end of his second."""
    assert broken("load-shedding", changed=["lifo:shop.discipline=fifo"]) == [
        "p50(lifo) during crowd < 0.6 * p50(bounded) during crowd"
    ]


def test_what_is_not_dropped_is_worked_on_when_nobody_wants_it() -> None:
    assert broken("load-shedding", changed=["lifo:shop.drop_expired=false"]) == ["lifo: expired(shop) > 30"]


def test_without_either_it_is_the_endless_queue() -> None:
    assert broken("load-shedding", changed=["lifo:shop.discipline=fifo", "lifo:shop.drop_expired=false"]) == [
        "goodput(lifo) during crowd > 2 * goodput(queue-all) during crowd",
        "lifo: goodput during crowd > 9/s",
        "recovery(queue-all) after crowd > 2 * recovery(lifo) after crowd",
        "lifo: recovery after crowd < 3s",
        "lifo: expired(shop) > 30",
        "p50(lifo) during crowd < 0.6 * p50(bounded) during crowd",
    ]
