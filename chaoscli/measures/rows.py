"""Requests and calls as rows: one for each, with how it ended. All counting measures read these and nothing else.

Once the curtain has fallen, what never ended is unanswered, and its latency is how long it had been waiting by then; until
that moment it is still open and has no result.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chaoscli.events import HUNG_UP, Answered, Arrived, CallEnded, CallStarted, Refused, RequestEnded, RequestStarted
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.replicas import is_meant
from chaoscli.measures.windows import ALWAYS, spans
from chaoscli.messages import Result
from chaoscli.recording import Recording
from chaoscli.topology import Link


@dataclass(frozen=True, slots=True)
class Row:
    """``at`` is the intended start (of a call, its start); all in seconds. Without a result it is still open."""

    at: float
    ended_at: float | None
    result: Result | None
    latency_s: float | None
    request: str

    @property
    def succeeded(self) -> bool:
        return self.result is not None and self.result.succeeded


def rows(recording: Recording, scope: Scope) -> list[Row]:
    """The rows a scope means, of its window, in no stated order. They belong to the window in which they were to start."""
    within = spans(recording, scope)
    every = _all_rows(recording, scope)
    return list(every) if within is ALWAYS else [row for row in every if row.at in within]


def ended_rows(recording: Recording, scope: Scope) -> list[Row]:
    """The same without those still open, and without copies that nobody waited for: they tell nothing of their callee.
    NoData when none is left."""
    ended = [row for row in rows(recording, scope) if row.result not in (None, Result.CANCELLED)]
    if not ended:
        raise NoData(f"no {_named(scope)} ended" + (f" {scope.window}" if scope.window else ""))
    return ended


def _named(scope: Scope) -> str:
    if scope.link:
        return f"call of {scope.link}"
    if scope.node:
        return f"request at {scope.node}"
    return f"request of {scope.load}" if scope.load else "request"


def _all_rows(recording: Recording, scope: Scope) -> Iterable[Row]:
    if scope.link:
        return recording.derived(call_rows).get(scope.link, ())
    if scope.node:
        return [row for node, found in recording.derived(node_rows).items() if is_meant(node, scope.node) for row in found]
    by_load = recording.derived(request_rows)
    if scope.load:
        return by_load.get(scope.load, ())
    return (row for of_load in by_load.values() for row in of_load)


def request_rows(recording: Recording) -> Mapping[str, list[Row]]:
    """The requests of each load."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    ended = set()
    for end in recording.of(RequestEnded):
        ended.add((end.load, end.request))
        found[end.load].append(Row(end.intended_at, end.at, end.result, end.latency_s, end.request))
    for start in recording.of(RequestStarted):
        if (start.load, start.request) not in ended:
            found[start.load].append(_never_ended(recording, start.intended_at, start.request))
    return found


def call_rows(recording: Recording) -> Mapping[Link, list[Row]]:
    """The calls of each link, every attempt by itself.

    One request may call the same callee more than once, so ends are matched to starts by count, not by name alone.
    """
    found: defaultdict[Link, list[Row]] = defaultdict(list)
    open_starts: defaultdict[tuple[str, str, str, int], deque[CallStarted]] = defaultdict(deque)
    for start in recording.of(CallStarted):
        open_starts[start.caller, start.callee, start.request, start.attempt].append(start)
    for end in recording.of(CallEnded):
        waiting = open_starts.get((end.caller, end.callee, end.request, end.attempt))
        if waiting:
            waiting.popleft()
        found[Link(end.caller, end.callee)].append(Row(end.at - end.seconds, end.at, end.result, end.seconds, end.request))
    for waiting in open_starts.values():
        for start in waiting:
            found[Link(start.caller, start.callee)].append(_never_ended(recording, start.at, start.request))
    return found


def node_rows(recording: Recording) -> Mapping[str, list[Row]]:
    """What each node answered, and what it turned away at its door; latency is its own part, waiting for a worker included."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for answer in recording.of(Answered):
        took = answer.queued_s + answer.worked_s
        result = Result.OK if answer.status < 400 else Result.FAILED
        found[answer.node].append(Row(answer.at - took, answer.at, result, took, answer.request))
    for refusal in recording.of(Refused):
        if refusal.reason == HUNG_UP:
            continue  # nobody was there to be answered
        waited = refusal.queued_s
        found[refusal.node].append(Row(refusal.at - waited, refusal.at, Result.FAILED, waited, refusal.request))
    return found


def beginnings(recording: Recording) -> Mapping[str, float]:
    """When each request began: meant to by its load, or first seen anywhere."""
    begun: dict[str, float] = {one.request: one.intended_at for one in recording.of(RequestStarted)}
    for call in recording.of(CallStarted):
        begun.setdefault(call.request, call.at)
    for arrival in recording.of(Arrived):
        begun.setdefault(arrival.request, arrival.at)
    return begun


def _never_ended(recording: Recording, at: float, request: str) -> Row:
    fell_at = recording.fell_at
    if fell_at is None:
        return Row(at, None, None, None, request)
    return Row(at, None, Result.UNANSWERED, max(0.0, fell_at - at), request)
