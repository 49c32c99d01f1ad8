"""How long to pause before trying again, given the settings and the dice.

Exponential backoff and its jitters as in Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. With
the whole pause being min(cap, base * factor ** n): full jitter draws evenly from nothing to all of it, equal jitter from half
of it to all. Decorrelated jitter draws from the base to three times the pause before, and cuts it at the cap.
"""

from __future__ import annotations

from random import Random

from chaoscli.resilience.policy import Retry

_DECORRELATED_GROWTH = 3.0  # the article's


def pause_s(retry: Retry, retries_before: int, rng: Random, previous_s: float = 0.0) -> float:
    """Seconds to wait before a retry, ``retries_before`` others having gone before it, the last of them after a pause of
    ``previous_s``. From 0 to ``retry.cap``, both included."""
    if retry.jitter == "decorrelated":
        return min(retry.cap, rng.uniform(retry.base, _DECORRELATED_GROWTH * max(retry.base, previous_s)))
    longest = _longest_s(retry, retries_before)
    if retry.jitter == "none":
        return longest
    return rng.uniform(longest / 2 if retry.jitter == "equal" else 0.0, longest)


def _longest_s(retry: Retry, retries_before: int) -> float:
    if retry.backoff == "none":
        return 0.0
    if retry.backoff == "constant":
        return min(retry.cap, retry.base)
    try:
        return min(retry.cap, retry.base * retry.factor**retries_before)
    except OverflowError:  # longer than a float can say is longer than any cap
        return retry.cap
