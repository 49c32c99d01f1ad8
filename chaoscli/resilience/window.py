"""What happened lately, counted: over the last so many calls, or over the last so much time."""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

# A time window is counted in slices, so that its memory does not grow with the load; it looks back between nine and ten of
# them, as resilience4j's does in whole seconds.
SLICES = 10


class Window(Protocol):
    """``now`` never goes back. Figures are of the window that ends with the latest ``now``."""

    def add(self, now: float, counted: bool) -> None:
        """One thing happened, and was of the kind that is counted, or not."""

    def seen(self, now: float) -> tuple[int, int]:
        """How many there were in all, and how many of them were counted."""


class LastCalls:
    """The last ``size`` of them, however long ago."""

    def __init__(self, size: int) -> None:
        self._calls: deque[bool] = deque(maxlen=size)
        self._counted = 0

    def add(self, now: float, counted: bool) -> None:
        if len(self._calls) == self._calls.maxlen:
            self._counted -= self._calls[0]
        self._calls.append(counted)
        self._counted += counted

    def seen(self, now: float) -> tuple[int, int]:
        return len(self._calls), self._counted


class LastSeconds:
    """Those of the last ``length_s`` seconds, however many."""

    def __init__(self, length_s: float) -> None:
        self._slice_s = length_s / SLICES
        self._slices: deque[list[int]] = deque()  # number, all, counted; the latest last

    def add(self, now: float, counted: bool) -> None:
        number = self._forget(now)
        if not self._slices or self._slices[-1][0] != number:
            self._slices.append([number, 0, 0])
        latest = self._slices[-1]
        latest[1] += 1
        latest[2] += counted

    def seen(self, now: float) -> tuple[int, int]:
        self._forget(now)
        return sum(one[1] for one in self._slices), sum(one[2] for one in self._slices)

    def _forget(self, now: float) -> int:
        number = math.floor(now / self._slice_s)
        while self._slices and self._slices[0][0] <= number - SLICES:
            self._slices.popleft()
        return number
