"""How long after the heal things are well again, and stay so."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate

from chaoscli.events import RequestSkipped
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.latency import quantile
from chaoscli.measures.rows import Row, rows
from chaoscli.measures.windows import first_injection, last_heal
from chaoscli.recording import Recording

# Well again: for a full second this share of requests is well...
WELL_SHARE = 0.95
STAYS_S = 1.0
# ...and a request is well when it is sent at all, and succeeds within twice the p95 of before, but never asked to be nearer
# than this: on a busy machine a scheduler's hiccup costs tens of milliseconds, and that is not an outage.
LATENCY_FACTOR = 2.0
LATENCY_SLACK_S = 0.05


def recovery(recording: Recording, scope: Scope) -> float:
    """Seconds from the last heal to the first request of the first second in which 95 % succeed, about as fast as before.

    Infinite when that never comes while load is offered; NoData without a heal, or with less than a second of load after it.
    """
    fault = scope.window.fault if scope.window else ""
    healed_at = last_heal(recording, fault)
    if healed_at + STAYS_S > recording.lasts_s:
        raise NoData("the load ended within a second of the heal")
    found = rows(recording, Scope(load=scope.load, link=scope.link))
    limit_s = _latency_limit(found, first_injection(recording, fault))
    due = [(row.at, _well(row, limit_s)) for row in found]
    if scope.link is None:  # what could not even be sent, because so much was waiting, was due all the same
        skipped = recording.of(RequestSkipped)
        due += [(one.intended_at, False) for one in skipped if scope.load in ("", one.load)]
    after = sorted(one for one in due if one[0] >= healed_at)
    if not after:
        raise NoData("no request came after the heal")
    return _first_well_second(after, recording.lasts_s) - healed_at


def _latency_limit(found: list[Row], injected_at: float) -> float:
    before = sorted(row.latency_s or 0.0 for row in found if row.at < injected_at and row.succeeded)
    if not before:
        return math.inf
    usual_s = quantile(before, 0.95)
    return max(LATENCY_FACTOR * usual_s, usual_s + LATENCY_SLACK_S)


def _well(row: Row, limit_s: float) -> bool:
    return row.succeeded and row.latency_s is not None and row.latency_s <= limit_s


def _first_well_second(after: list[tuple[float, bool]], until: float) -> float:
    times = [at for at, _ in after]
    well_so_far = [0, *accumulate(well for _, well in after)]
    for first, (at, well) in enumerate(after):
        if at + STAYS_S > until:
            break
        last = bisect_left(times, at + STAYS_S)
        if well and well_so_far[last] - well_so_far[first] >= WELL_SHARE * (last - first):
            return at
    return math.inf
