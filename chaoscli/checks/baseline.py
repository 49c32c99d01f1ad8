"""Is it worse than it was? The measures of today beside those of a run that was kept, each in the direction that is worse."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from chaoscli.checks.spread import Spread
from chaoscli.measures.base import COUNT
from chaoscli.measures.catalogue import MEASURES
from chaoscli.units import DURATION, FACTOR, RATE, SHARE

# Of these more is better.
MORE_IS_BETTER = frozenset({"success", "ok", "throughput", "goodput"})
# Of these less is.
LESS_IS_BETTER = frozenset(
    {"failed", "timeouts", "refused", "resets", "unanswered", "skipped", "p50", "p90", "p95", "p99", "recovery", "duplicates",
     "lost_writes", "from_future", "peak", "amplification", "retries"}
)  # fmt: skip
# And these are not compared: one request alone decides them, or they are no better for being more or less.
NOT_COMPARED = frozenset(
    {"p99.9", "max", "slowest", "in_flight_max", "lateness_p50", "lateness_max", "requests", "fallbacks", "attempts", "calls"}
)
# What two runs of the same differ by on a busy machine, in the measure's own unit: less than this is never worse. Requests at
# the edges of a fault fall on either side of it, and a hop is late by some milliseconds.
LEAST_BY_UNIT = {DURATION.name: 0.005, SHARE.name: 0.02, RATE.name: 1.0, FACTOR.name: 0.05, COUNT.name: 3.0}
# A law is not broken a little: one is too many.
NO_LEAST = frozenset({"duplicates", "lost_writes"})

Key = tuple[str, str, str]  # variant, link (empty: the variant's own), measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse:
    """One measure that got worse; ``before`` and ``now`` as they are shown."""

    variant: str
    link: str
    measure: str
    before: str
    now: str

    def __str__(self) -> str:
        of = f"{self.measure} of {self.link}" if self.link else self.measure
        return f"{self.variant}: {of} was {self.before} and is {self.now}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a comparison found, of how many measures, and what could not be compared and why."""

    worse: tuple[Worse, ...] = ()
    count: int = 0
    note: str = ""


def figures_of(spreads: Iterable[Spread]) -> dict[Key, float | None]:
    """The usual value of every measure that can be compared."""
    return {
        (one.variant, one.link, one.measure): one.median
        for one in spreads
        if one.measure in MORE_IS_BETTER or one.measure in LESS_IS_BETTER
    }


def compare(before: Mapping[Key, float | None], now: Mapping[Key, float | None], *, worse_by: float) -> Compared:
    """``worse_by`` is a share of the value before: by so much a measure may be worse. What had no data before cannot get
    worse; what has none any more has."""
    shared = [key for key in now if key in before and before[key] is not None]
    gone = sorted({key[0] for key in now} - {key[0] for key in before})
    note = f"not in the baseline: {', '.join(gone)}" if gone else ""
    return Compared(worse=tuple(_worse(shared, before, now, worse_by)), count=len(shared), note=note)


def _worse(
    keys: Iterable[Key], before: Mapping[Key, float | None], now: Mapping[Key, float | None], worse_by: float
) -> Iterator[Worse]:
    for variant, link, measure in keys:
        old, new = before[variant, link, measure], now[variant, link, measure]
        if old is not None and is_worse(measure, old, new, worse_by=worse_by):
            show = MEASURES[measure].show
            yield Worse(variant=variant, link=link, measure=measure, before=show(old), now=show(new))


def is_worse(measure: str, before: float, now: float | None, *, worse_by: float) -> bool:
    if now is None:
        return True
    if math.isinf(before) or math.isinf(now):
        return math.isinf(now) and not math.isinf(before)
    by = before - now if measure in MORE_IS_BETTER else now - before
    least = 0.0 if measure in NO_LEAST else LEAST_BY_UNIT[MEASURES[measure].unit.name]
    return by > max(worse_by * abs(before), least)
