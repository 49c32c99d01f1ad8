"""A rate limit: when the next call may go out.

The leaky bucket as a meter, by the generic cell rate algorithm (ITU-T I.371): all there is to remember is the instant at
which the next call would be due if all kept to the rate. It lets out what a token bucket of ``burst`` tokens would.
"""

from __future__ import annotations

from chaoscli.resilience.policy import RateLimit

# What floats may be off by after some hours; far below what any clock here can tell.
_ROUNDING_S = 1e-9


class Meter:
    """One caller's rate towards one callee. Times are seconds on the caller's monotonic clock."""

    def __init__(self, limit: RateLimit) -> None:
        self._apart_s = 1.0 / limit.rate
        self._ahead_s = (limit.burst - 1) * self._apart_s
        self._longest_wait_s = limit.wait
        self._due: float | None = None

    def wait_s(self, now: float) -> float | None:
        """How long the call must wait for its turn, which is thereby taken; None when it may not, and no turn is taken."""
        due = now if self._due is None else max(self._due, now)
        wait_s = max(0.0, due - self._ahead_s - now)
        if wait_s > self._longest_wait_s + _ROUNDING_S:
            return None
        self._due = due + self._apart_s
        return wait_s if wait_s > _ROUNDING_S else 0.0
