"""Hedging: every fourth page waits for one slow answer in a hundred, unless it is asked for again; what lost can be stopped."""

from __future__ import annotations

from tests.support.simulations import broken

HEDGE = "page.calls.leaf.hedge"


def test_every_expectation_holds() -> None:
    assert broken("hedging") == []


def test_without_a_hedge_every_fourth_page_is_late_again() -> None:
    assert broken("hedging", changed=[f"hedged:{HEDGE}=none"]) == [
        "hedged: success >= 90%",
        "goodput(hedged) > 1.2 * goodput(single)",
    ]


def test_a_copy_sent_at_once_is_twice_the_load() -> None:
    failed = broken("hedging", changed=[f"hedged:{HEDGE}={{after: 0ms}}"])
    assert "attempts(hedged, page -> leaf) < 1.2 * attempts(single, page -> leaf)" in failed


def test_a_leaf_that_does_not_notice_works_for_those_who_left() -> None:
    assert broken("hedging", changed=["cancelled:leaf.heed_hangups=false"]) == [
        "cancelled: abandoned(leaf) >= 3",
        "worked(hedged, leaf) > 1.5 * worked(cancelled, leaf)",
    ]
