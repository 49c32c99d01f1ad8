"""How much came through in a second, how much was under way at once, and whether the load kept its schedule."""

from __future__ import annotations

import math
from itertools import pairwise

from chaoscli.events import RequestStarted
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.latency import quantile
from chaoscli.measures.rows import Row, rows
from chaoscli.measures.windows import spans
from chaoscli.messages import Result
from chaoscli.recording import Recording


def throughput(recording: Recording, scope: Scope) -> float:
    """Answers a second, good and bad, by when they came."""
    answered = [row for row in _whole_play(recording, scope) if row.result not in (Result.UNANSWERED, Result.CANCELLED)]
    return _a_second(recording, scope, answered)


def goodput(recording: Recording, scope: Scope) -> float:
    """Good answers a second, by when they came."""
    return _a_second(recording, scope, [row for row in _whole_play(recording, scope) if row.succeeded])


def _whole_play(recording: Recording, scope: Scope) -> list[Row]:
    return rows(recording, Scope(load=scope.load, link=scope.link, node=scope.node))


def _a_second(recording: Recording, scope: Scope, found: list[Row]) -> float:
    """What ends in the drain is left out, and so are its seconds: nothing is offered there."""
    within, lasts_s = spans(recording, scope), recording.lasts_s
    seconds = within.seconds_within(0.0, lasts_s)
    if not seconds:
        raise NoData("that is no time at all")
    return sum(row.ended_at is not None and row.ended_at <= lasts_s and row.ended_at in within for row in found) / seconds


def most_in_flight(recording: Recording, scope: Scope) -> float:
    """The most requests that were under way at one instant of the window. One that ends as another begins made room for it."""
    within, found = spans(recording, scope), _whole_play(recording, scope)
    if not found:
        raise NoData("no request was sent")
    ends = [(row.ended_at, -1) for row in found if row.ended_at is not None]
    changes = sorted([*((row.at, 1) for row in found), *ends])
    under_way = most = 0
    for (at, change), (until, _) in pairwise([*changes, (math.inf, 0)]):
        under_way += change
        if under_way > most and within.seconds_within(at, until):
            most = under_way
    return float(most)


def lateness_median(recording: Recording, scope: Scope) -> float:
    return quantile(_lateness(recording, scope), 0.5)


def lateness_max(recording: Recording, scope: Scope) -> float:
    return _lateness(recording, scope)[-1]


def _lateness(recording: Recording, scope: Scope) -> list[float]:
    """How long after its place in the schedule each request really went out, shortest first."""
    within = spans(recording, scope)
    sent = [one for one in recording.of(RequestStarted) if scope.load in ("", one.load) and one.intended_at in within]
    if not sent:
        raise NoData("no request was sent")
    return sorted(one.at - one.intended_at for one in sent)
