"""Adaptive throttling on the client's side: the more a callee has failed of late, the more calls are not even sent.

Beyer, Jones, Petoff and Murphy (eds.), Site Reliability Engineering (2016), chapter 21, "Client-Side Throttling": a call is
held back with probability max(0, (requests - K * accepts) / (requests + 1)), where requests are all that wanted to go out,
those held back among them. So a few always go out, and find out when the callee is well again.
"""

from __future__ import annotations

from random import Random

from chaoscli.resilience.ending import Ending
from chaoscli.resilience.policy import Throttle
from chaoscli.resilience.window import LastSeconds


class Throttling:
    """What one caller knows of one callee's mood. Times are seconds on the caller's monotonic clock."""

    def __init__(self, throttle: Throttle) -> None:
        self._ratio = throttle.ratio
        self._requests = LastSeconds(throttle.within)
        self._accepts = LastSeconds(throttle.within)

    def holds_back_share(self, now: float) -> float:
        """The probability that a call is held back now."""
        requests, _ = self._requests.seen(now)
        accepts, _ = self._accepts.seen(now)
        return max(0.0, (requests - self._ratio * accepts) / (requests + 1))

    def admits(self, now: float, rng: Random) -> bool:
        """Whether this call may go out; it counts from here on, whatever becomes of it."""
        held_back = rng.random() < self.holds_back_share(now)
        self._requests.add(now, counted=True)
        return not held_back

    def ended(self, ending: Ending, now: float) -> None:
        """Accepted is what got an answer that is not the callee's own failure; what was turned away further in is not."""
        if not ending.rejected and not ending.is_passing:
            self._accepts.add(now, counted=True)
