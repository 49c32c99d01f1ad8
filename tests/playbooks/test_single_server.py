"""Single server: what one death takes down with it, and what a look at the replicas saves."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("single-server") == []


def test_without_looking_in_the_waiter_sends_every_third_guest_to_a_dead_kitchen() -> None:
    changed = ["watched:waiter.health_every=none"]
    assert broken("single-server", changed=changed) == [
        "watched: success during ill > 90%",
        "success(watched) > success(unwatched)",
    ]


def test_one_kitchen_made_three_is_not_one_server_any_more() -> None:
    changed = ["one-server:kitchen.replicas=3"]
    assert broken("single-server", changed=changed) == [
        "one-server: success during ill < 5%",
        "success(unwatched) > success(one-server)",
    ]
