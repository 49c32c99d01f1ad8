"""What it is like inside a node: its queue, its workers, and how long a piece of work takes there."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chaoscli.events import HUNG_UP, Answered, Arrived, Refused
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.windows import spans
from chaoscli.recording import Recording


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
    return float(sum(scope.node in ("", one.node) and one.at in within for one in refused))


def abandoned(recording: Recording, scope: Scope) -> float:
    """Requests that a node stopped working on because their callers had hung up."""
    within = spans(recording, scope)
    stopped = [one for one in recording.of(Refused) if one.reason == HUNG_UP]
    return float(sum(scope.node in ("", one.node) and one.at in within for one in stopped))


def _arrivals(recording: Recording, scope: Scope) -> list[Arrived]:
    within = spans(recording, scope)
    found = [one for one in recording.of(Arrived) if scope.node in ("", one.node) and one.at in within]
    if not found:
        raise NoData(f"nothing reached {scope.node or 'any node'}")
    return found


def _answers(recording: Recording, scope: Scope) -> list[Answered]:
    """By when the work began, as requests belong to the window they start in."""
    within = spans(recording, scope)
    found = [one for one in recording.of(Answered) if scope.node in ("", one.node) and one.at - one.worked_s in within]
    if not found:
        raise NoData(f"{scope.node or 'no node'} answered nothing")
    return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
