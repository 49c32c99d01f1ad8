"""No cache: overload without one, a stampede when it expires, and neither with one refresher; each taken away shows."""

from __future__ import annotations

from tests.support.simulations import broken

CACHE = "page.calls.pricing.cache"


def test_every_expectation_holds() -> None:
    assert broken("no-cache") == []


def test_without_a_cache_pricing_is_asked_too_much_again() -> None:
    assert broken("no-cache", changed=[f"cache:{CACHE}=none"]) == [
        "cache: success >= 99%",
        "goodput(cache) > 2 * goodput(uncached)",
    ]


def test_where_everyone_refreshes_there_is_a_stampede_again() -> None:
    assert broken("no-cache", changed=[f"one-refresher:{CACHE}.refresher=everyone"]) == [
        "one-refresher: peak(pricing) == 1/s",
        "calls(cache, pricing) >= 3 * calls(one-refresher, pricing)",
        "p99(cache) > p99(one-refresher) + 200ms",
    ]


def test_whoever_takes_no_stale_answer_waits_for_the_new_one() -> None:
    assert broken("no-cache", changed=[f"stale:{CACHE}.stale=0ms"]) == ["stale: p90 < 150ms"]
