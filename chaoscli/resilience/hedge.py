"""When to ask a second time, and what may be asked twice at all.

Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

from chaoscli.messages import IDEMPOTENCY_KEY, Request
from chaoscli.resilience.policy import Hedge

# A percentile of fewer is a guess: of twenty, one lies above the 95th.
FEWEST_SEEN = 20
# Ten seconds of a play at tens of calls a second; older ones are of another time.
MOST_SEEN = 200

# RFC 9110, section 9.2.2: meant to have the same effect however often they come.
_IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})


def is_repeatable(request: Request) -> bool:
    """Safe to run twice: by its method, or because the callee can tell the second from another first."""
    return request.method in _IDEMPOTENT_METHODS or bool(request.header(IDEMPOTENCY_KEY))


class Hedging:
    """How late the answers of one callee are, as its caller sees them."""

    def __init__(self, hedge: Hedge) -> None:
        self._hedge = hedge
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []

    def took(self, seconds: float) -> None:
        """A call ended, or was given up, after so long.

        One that was given up would have taken longer still. Left out, the slow ones would vanish from what is known, the
        percentile sink with every hedge, and in the end every call be hedged.
        """
        if len(self._latest) == MOST_SEEN:
            del self._sorted[bisect_left(self._sorted, self._latest.popleft())]
        self._latest.append(seconds)
        insort(self._sorted, seconds)

    def after_s(self) -> float:
        """How long to wait for an answer before asking once more."""
        share, seen = self._hedge.percentile, len(self._sorted)
        if share is None or seen < FEWEST_SEEN:
            return self._hedge.after
        return self._sorted[min(seen - 1, int(share * seen))]
