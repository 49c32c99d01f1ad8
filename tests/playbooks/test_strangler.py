"""Strangler: comparing is what finds the lost book, and going back is what keeps it from the customers."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("strangler") == []


def test_without_comparing_the_move_is_as_wrong_as_the_big_bang_only_slower() -> None:
    changed = ["strangler:web.move.compare=false", "strangler:web.move.roll_back_after=none"]
    assert broken("strangler", changed=changed) == [
        "strangler: success >= 99%",
        "strangler: count(answers differ) >= 3",
        "strangler: count(rolled back) == 1",
        "strangler: no calls(web -> inventory) after 5500ms",
    ]


def test_without_going_back_it_ends_where_the_big_bang_does() -> None:
    assert broken("strangler", changed=["strangler:web.move.roll_back_after=none"]) == [
        "strangler: success >= 99%",
        "strangler: count(rolled back) == 1",
        "strangler: no calls(web -> inventory) after 5500ms",
    ]


def test_with_the_mistake_in_it_the_mended_one_goes_back_as_well() -> None:
    assert broken("strangler", changed=["strangler-mended:inventory.stock={BOOK-001: 500}"]) == [
        "strangler-mended: count(rolled back) == 0",
        "strangler-mended: no calls(web -> shop) after 5500ms",
    ]
