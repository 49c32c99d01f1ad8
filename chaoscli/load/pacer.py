"""When each request of an open load is meant to start.

Arrivals are drawn at a rate of one and then stretched: the n-th request starts when the load's profile says that so many
are due (the time-rescaling of a Poisson process; Cinlar, Introduction to Stochastic Processes, 1975). So the draws depend on
the seed alone, variants share them, and a ramp, a burst or a change of the rate in mid-run only bends the profile.
Times are seconds since curtain-up.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Literal

from chaoscli.units import PerSecond

Arrivals = Literal["constant", "poisson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A piece of a profile: from ``starts_s`` until ``ends_s`` (excluded) the rate goes evenly from ``rate`` to ``end_rate``."""

    starts_s: float
    ends_s: float
    rate: PerSecond
    end_rate: PerSecond

    @classmethod
    def steady(cls, starts_s: float, ends_s: float, rate: PerSecond) -> Stage:
        return cls(starts_s=starts_s, ends_s=ends_s, rate=rate, end_rate=rate)

    @property
    def _slope(self) -> float:
        return (self.end_rate - self.rate) / (self.ends_s - self.starts_s)

    def due(self, at: float) -> float:
        """How many requests of this stage are due by ``at``."""
        past = min(max(at - self.starts_s, 0.0), self.ends_s - self.starts_s)
        return past * (self.rate + self._slope * past / 2)

    def instant(self, due: float) -> float:
        """When that many are due: ``due`` solved for the time, in the form that also holds where the slope is 0."""
        root = math.sqrt(max(0.0, self.rate**2 + 2 * self._slope * due))
        return self.starts_s + (2 * due / (self.rate + root) if due else 0.0)

    def until(self, at: float) -> Stage:
        """The part before ``at``, which lies inside."""
        return Stage(starts_s=self.starts_s, ends_s=at, rate=self.rate, end_rate=self.rate + self._slope * (at - self.starts_s))

    def since(self, at: float) -> Stage:
        """The part from ``at`` on; all of it, where that lies before."""
        at = max(at, self.starts_s)
        return Stage(starts_s=at, ends_s=self.ends_s, rate=self.rate + self._slope * (at - self.starts_s), end_rate=self.end_rate)

    def raised(self, by: PerSecond) -> Stage:
        return Stage(starts_s=self.starts_s, ends_s=self.ends_s, rate=self.rate + by, end_rate=self.end_rate + by)


class Profile:
    """How the rate goes over the play: stages in order of time, without overlaps. Between them nothing is due."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stage for stage in stages if stage.ends_s > stage.starts_s)
        # What is due by the end of each stage: bursts cut an hour into thousands of them, and every request asks.
        self._due_by_end = list(accumulate(stage.due(stage.ends_s) for stage in self.stages))

    def due(self, at: float) -> float:
        """How many requests are due by ``at``, as a real number."""
        return sum(stage.due(at) for stage in self.stages)

    def instant(self, due: float) -> float | None:
        """When that many are due; None when never."""
        place = bisect_right(self._due_by_end, due)
        if place == len(self.stages):
            return None
        before = self._due_by_end[place - 1] if place else 0.0
        stage = self.stages[place]
        return min(stage.instant(max(0.0, due - before)), stage.ends_s)

    def changed(self, at: float, rate: PerSecond) -> Profile:
        """The same until ``at``, and from there to the end a steady ``rate``; its beginning stays what it was."""
        beginning, end = self.stages[0].starts_s, self.stages[-1].ends_s
        return Profile([*self._before(at), Stage.steady(max(at, beginning), end, rate)])

    def followed(self, at: float, by: Profile) -> Profile:
        """The same until ``at``, and from there on what ``by`` says."""
        return Profile([*self._before(at), *(stage.since(at) for stage in by.stages if stage.ends_s > at)])

    def _before(self, at: float) -> list[Stage]:
        return [stage.until(at) if stage.ends_s > at else stage for stage in self.stages if stage.starts_s < at]


class Pacer:
    """The schedule of one load, one request after the other. ``upcoming`` may be asked again and again; ``step`` moves on."""

    def __init__(self, profile: Profile, arrivals: Arrivals, rng: Random) -> None:
        self._profile = self._written = profile
        self._arrivals = arrivals
        self._rng = rng
        self._due = 0.0 if arrivals == "constant" else rng.expovariate(1.0)

    def upcoming(self) -> float | None:
        """When the next request is meant to start; None when no more will."""
        return self._profile.instant(self._due)

    def step(self) -> None:
        self._due += 1.0 if self._arrivals == "constant" else self._rng.expovariate(1.0)

    def change_rate(self, at: float, rate: PerSecond | None) -> None:
        """From ``at`` on, None: as it was written; what was due before it stays due."""
        if rate is None:
            self._profile = self._profile.followed(at, self._written)
        elif self._written.stages:
            self._profile = self._profile.changed(at, rate)


def starts(pacer: Pacer) -> Iterator[float]:
    """All that is to come, in order."""
    while (at := pacer.upcoming()) is not None:
        yield at
        pacer.step()
