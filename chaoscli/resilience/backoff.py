"""How long to pause before trying again, given the settings and the dice.

Exponential backoff with full jitter as in Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015:
the pause is drawn evenly from nothing to min(cap, base * factor ** n).
"""

from __future__ import annotations

from random import Random

from chaoscli.resilience.policy import Retry


def pause_s(retry: Retry, attempt: int, rng: Random) -> float:
    """Seconds to wait before attempt number ``attempt`` (the first retry is 2). From 0 to ``retry.cap``, both included."""
    longest = _longest_s(retry, attempt - 2)
    return rng.uniform(0.0, longest) if retry.jitter == "full" else longest


def _longest_s(retry: Retry, retries_before: int) -> float:
    if retry.backoff == "none":
        return 0.0
    if retry.backoff == "constant":
        return min(retry.cap, retry.base)
    try:
        return min(retry.cap, retry.base * retry.factor**retries_before)
    except OverflowError:  # longer than a float can say is longer than any cap
        return retry.cap
