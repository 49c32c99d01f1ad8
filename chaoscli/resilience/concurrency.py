"""How many requests a node lets in at once: a fixed number, or one that it finds out from how long its answers take.

Netflix, concurrency-limits (2018) and its article "Performance Under Load". AIMD is TCP's: one more for each answer in time
while the limit is in use, a tenth less for one that was late or dropped, and not again before an answer to something that
came later (RFC 5681 halves once for each window). The gradient compares the latency now with that of an idle node: limit *
idle / now, and room for a queue of the limit's square root.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Factor, Seconds

# The library's figures: of AIMD's cut, and of how far one look moves the gradient's limit and how far down it may point.
AIMD_CUT = 0.9
SMOOTHING = 0.2
STEEPEST = 0.5
# Answers to one look: their mean is steady where single ones are spread. The library looks once a second, which is a tenth
# of a play.
SAMPLE = 10
# A limit below half in use says nothing about whether it is too low.
IN_USE = 0.5
# As many connections as a node serves.
LARGEST_LIMIT = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """A bound on the requests inside, waiting and worked on together; the rest are turned away at once.

    Netflix: from 20, at most 200; AIMD takes 5 s for slow, the second version of the gradient tolerates 1.5. Envoy's adaptive
    concurrency: a gradient too, at most 1000. Most servers: fixed, and large (Tomcat 8192 connections).
    """

    limit: Literal["fixed", "aimd", "gradient"] = setting("fixed: as it begins; or found out from the latencies", "gradient")
    initial: int = setting("what it begins with", 20)
    least: int = setting("what it never goes below", 2)
    most: int = setting("what it never goes above", 200)
    slow: Seconds = setting("aimd: an answer that took longer came too late", 0.5)
    tolerance: Factor = setting("gradient: how much slower than an idle node is still well", 2.0)

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.initial <= self.most <= LARGEST_LIMIT:
            bounds = f"between least ({self.least}) and most ({self.most}), and those between 1 and {LARGEST_LIMIT}"
            raise BadSetting("initial", f"is {self.initial}; it must lie {bounds}")
        if self.tolerance < 1:
            raise BadSetting("tolerance", f"is {self.tolerance:g}; nothing is quicker than an idle node")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request that is over: came at ``began``, took ``seconds``, with ``inside`` of them in the node when it left."""

    began: float
    seconds: float
    inside: int
    dropped: bool = False


class Limiter(Protocol):
    """``ended`` at the instant ``now`` moves the limit."""

    @property
    def limit(self) -> int: ...

    def ended(self, sample: Sample, now: float) -> None: ...


class Fixed:
    """It stays as it is."""

    def __init__(self, concurrency: Concurrency) -> None:
        self.limit = concurrency.initial

    def ended(self, sample: Sample, now: float) -> None:
        """It learns nothing."""


class Aimd:
    """Additive increase, multiplicative decrease."""

    def __init__(self, concurrency: Concurrency) -> None:
        self._settings = concurrency
        self._limit = float(concurrency.initial)
        self._cut_at = -math.inf

    @property
    def limit(self) -> int:
        return int(self._limit)

    def ended(self, sample: Sample, now: float) -> None:
        settings = self._settings
        if sample.dropped or sample.seconds > settings.slow:
            if sample.began >= self._cut_at:
                self._cut_at = now
                self._limit = max(float(settings.least), self._limit * AIMD_CUT)
        elif sample.inside >= self._limit * IN_USE:
            self._limit = min(float(settings.most), self._limit + 1.0)


class Gradient:
    """As much as keeps the latency near that of an idle node, whose mean over some answers is the least ever seen."""

    def __init__(self, concurrency: Concurrency) -> None:
        self._settings = concurrency
        self._limit = float(concurrency.initial)
        self._idle_s = math.inf
        self._seconds: list[float] = []
        self._most_inside = 0
        self._dropped = False

    @property
    def limit(self) -> int:
        return int(self._limit)

    def ended(self, sample: Sample, now: float) -> None:
        self._dropped = self._dropped or sample.dropped
        self._most_inside = max(self._most_inside, sample.inside)
        self._seconds.append(sample.seconds)
        if len(self._seconds) == SAMPLE:
            self._look(math.fsum(self._seconds) / SAMPLE)
            self._seconds.clear()
            self._most_inside = 0
            self._dropped = False

    def _look(self, mean_s: float) -> None:
        self._idle_s = min(self._idle_s, mean_s)
        if self._dropped:
            self._move(self._limit * AIMD_CUT)
        elif self._most_inside >= self._limit * IN_USE:
            steady = self._settings.tolerance * self._idle_s
            gradient = 1.0 if mean_s <= steady else max(STEEPEST, steady / mean_s)
            self._move(self._limit * gradient + math.sqrt(self._limit))

    def _move(self, target: float) -> None:
        moved = self._limit * (1.0 - SMOOTHING) + target * SMOOTHING
        self._limit = min(max(moved, float(self._settings.least)), float(self._settings.most))


def limiter_of(concurrency: Concurrency) -> Limiter:
    kinds: dict[str, type[Fixed | Aimd | Gradient]] = {"fixed": Fixed, "aimd": Aimd, "gradient": Gradient}
    return kinds[concurrency.limit](concurrency)
