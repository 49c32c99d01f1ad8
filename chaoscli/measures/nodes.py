"""What it is like inside a node: its queue, its workers, and how long a piece of work takes there."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chaoscli.events import HUNG_UP, Answered, Arrived, NodeChanged, Refused
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.replicas import is_meant
from chaoscli.measures.windows import spans
from chaoscli.recording import Recording

_GONE = ("killed", "crashed", "died", "stopped")


def longest_queue(recording: Recording, scope: Scope) -> float:
    """The most that an arriving request found waiting before it."""
    return float(max(one.queue for one in _arrivals(recording, scope)))


def most_busy(recording: Recording, scope: Scope) -> float:
    """The most workers that an arriving request found busy."""
    return float(max(one.busy for one in _arrivals(recording, scope)))


def mean_queued(recording: Recording, scope: Scope) -> float:
    return _mean([one.queued_s for one in _answers(recording, scope)])


def mean_worked(recording: Recording, scope: Scope) -> float:
    return _mean([one.worked_s for one in _answers(recording, scope)])


def turned_away(recording: Recording, scope: Scope) -> float:
    within = spans(recording, scope)
    refused = [one for one in recording.of(Refused) if one.reason != HUNG_UP]
    return float(sum(is_meant(one.node, scope.node) and one.at in within for one in refused))


def abandoned(recording: Recording, scope: Scope) -> float:
    """Requests that a node stopped working on because their callers had hung up."""
    within = spans(recording, scope)
    stopped = [one for one in recording.of(Refused) if one.reason == HUNG_UP]
    return float(sum(is_meant(one.node, scope.node) and one.at in within for one in stopped))


def uptime(recording: Recording, scope: Scope) -> float:
    """Seconds of the play that a service was up: each replica from when it was ready to when it was killed or stopped."""
    within, lasts_s = spans(recording, scope), recording.lasts_s
    up_since: dict[str, float] = {}
    total_s, seen = 0.0, False
    for one in recording.of(NodeChanged):
        if not is_meant(one.node, scope.node):
            continue
        seen = True
        if one.state == "ready":
            up_since[one.node] = max(one.at, 0.0)
        elif one.state in _GONE and one.node in up_since:
            total_s += within.seconds_within(up_since.pop(one.node), min(one.at, lasts_s))
    if not seen:
        raise NoData(f"nothing is known of {scope.node}")
    return total_s + sum(within.seconds_within(since, lasts_s) for since in up_since.values())


def _arrivals(recording: Recording, scope: Scope) -> list[Arrived]:
    within = spans(recording, scope)
    found = [one for one in recording.of(Arrived) if is_meant(one.node, scope.node) and one.at in within]
    if not found:
        raise NoData(f"nothing reached {scope.node or 'any node'}")
    return found


def _answers(recording: Recording, scope: Scope) -> list[Answered]:
    """By when the work began, as requests belong to the window they start in."""
    within = spans(recording, scope)
    found = [one for one in recording.of(Answered) if is_meant(one.node, scope.node) and one.at - one.worked_s in within]
    if not found:
        raise NoData(f"{scope.node or 'no node'} answered nothing")
    return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
