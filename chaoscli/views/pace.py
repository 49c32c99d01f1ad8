"""What is usual before the first fault, and when latency or traffic is clearly not: the numbers behind the story."""

from __future__ import annotations

from bisect import insort
from collections import deque

from chaoscli.measures.latency import quantile
from chaoscli.units import format_rate
from chaoscli.views.scene import Tone

# Calls are counted over this window; fewer than this many in it are too few to speak of a surge.
WINDOW_S = 1.0
SURGE_AT_LEAST = 20
# A peak that was little more than the doubling, which has been told, says nothing new.
PEAK_TOLD = 2.5
# So much slower in the median of so many requests is worth a word.
SLOWER_BY = 1.5
SLOWER_AT_LEAST = 8


class Pace:
    """Latency of the requests that ended in the last second against the usual, which is before the first fault."""

    def __init__(self) -> None:
        self._before: list[float] = []
        self._recent: deque[tuple[float, float]] = deque()

    def usual(self, latency_s: float) -> None:
        insort(self._before, latency_s)

    def slower(self, at: float, latency_s: float) -> tuple[float, float] | None:
        """The median now and the usual one, when there is a clear difference."""
        self._recent.append((at, latency_s))
        while self._recent[0][0] < at - WINDOW_S:
            self._recent.popleft()
        if not self._before or len(self._recent) < SLOWER_AT_LEAST:
            return None
        median_s, usual_s = quantile(sorted(one for _, one in self._recent), 0.5), quantile(self._before, 0.5)
        return (median_s, usual_s) if median_s >= SLOWER_BY * usual_s else None


class Surge:
    """Calls to one service in the last second against the usual, which is what they were before the first fault."""

    def __init__(self, callee: str) -> None:
        self._callee = callee
        self._recent: deque[float] = deque()
        self._before = 0
        self._peak = 0
        self._peak_at = 0.0
        self._usual = 0.0
        self._up = False

    def call(self, at: float, first_fault_at: float | None) -> list[tuple[Tone, str]]:
        self._recent.append(at)
        while self._recent[0] < at - WINDOW_S:
            self._recent.popleft()
        if first_fault_at is None or at < first_fault_at:
            self._before += 1
            return []
        if first_fault_at < WINDOW_S or not self._before:
            return []
        self._usual = self._before / first_fault_at
        rate = len(self._recent) / WINDOW_S
        if not self._up and rate >= max(2 * self._usual, SURGE_AT_LEAST):
            self._up = True
            text = f"calls to {self._callee} have doubled: {format_rate(rate)} after {format_rate(self._usual)}"
            return [(Tone.TROUBLE, text)]
        if self._up:
            if len(self._recent) > self._peak:
                self._peak, self._peak_at = len(self._recent), at
            if rate < 1.5 * self._usual:
                return self.end()
        return []

    def end(self) -> list[tuple[Tone, str]]:
        if not self._up:
            return []
        self._up = False
        peak = self._peak / WINDOW_S
        if peak < PEAK_TOLD * self._usual:
            return []
        times = f"{peak / self._usual:.1f}x the usual"
        # Told when it is over, which may be seconds later.
        return [(Tone.NOTE, f"calls to {self._callee} peaked at {self._peak_at:.1f}s with {format_rate(peak)}, {times}")]
