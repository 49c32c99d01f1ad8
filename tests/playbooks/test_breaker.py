"""Breaker: it opens, tries and closes, and what it did not send is what the callee recovers by; without it nobody recovers."""

from __future__ import annotations

from chaoscli.events import BreakerChanged
from tests.support.simulations import broken, simulated


def test_every_expectation_holds() -> None:
    assert broken("breaker") == []


def test_the_breaker_goes_through_all_its_states_and_closes_in_the_end() -> None:
    recording = simulated("breaker").variants["breaker"]
    states = [one.state for one in recording.of(BreakerChanged)]
    rounds = states.count("half-open")
    # Every round of trials in the slow time fails and opens it again; the last one does not.
    assert rounds >= 2
    assert states == ["open", "half-open"] * rounds + ["closed"]


def test_without_a_breaker_the_callee_stays_busy_with_those_who_left() -> None:
    assert broken("breaker", changed=["breaker:page.calls.reviews.breaker=none"]) == [
        "breaker: breaker_open(page -> reviews) during slow > 40%",
        "attempts(no-breaker, page -> reviews) during slow > 1.5 * attempts(breaker, page -> reviews) during slow",
        "goodput(breaker) after slow > 2 * goodput(no-breaker) after slow",
        "recovery(no-breaker) after slow > 2 * recovery(breaker) after slow",
        "breaker: recovery after slow < 4s",
        "p95(no-breaker, buyers) > 3 * p95(breaker, buyers)",
    ]


def test_a_fallback_without_a_breaker_still_waits_and_still_asks() -> None:
    assert broken("breaker", changed=["fallback:page.calls.reviews.breaker=none"]) == [
        "fallback: breaker_open(page -> reviews) during slow > 40%",
        "fallback: recovery after slow < 4s",
    ]


def test_without_the_fallback_readers_get_errors_at_once() -> None:
    assert broken("breaker", changed=["fallback:page.calls.reviews.fallback=none"]) == [
        "goodput(fallback) during slow > 2 * goodput(no-breaker) during slow",
        "fallback: success >= 97%",
    ]
