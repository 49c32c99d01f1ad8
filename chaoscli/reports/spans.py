"""A recording as spans: who was at what for which request, from when until when, and what came of what.

A request of a load is the root of its trace; each attempt at a callee is a span of its caller under what the caller was at; the
callee's own work is a span under that attempt. Times are seconds since the curtain.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chaoscli.events import Answered, Arrived, CallEnded, CallStarted, Event, Refused, RequestEnded, RequestStarted
from chaoscli.messages import Result
from chaoscli.recording import Recording

Kind = Literal["request", "call", "work"]


@dataclass(slots=True, kw_only=True)
class Span:
    """``parent`` is a place in the list of spans. ``ended`` is false for what was still going on at the end. ``said`` are facts
    beside its name: result, status, attempt."""

    kind: Kind
    name: str
    node: str
    request: str
    starts_s: float
    ends_s: float
    parent: int | None = None
    ended: bool = False
    failed: bool = False
    said: dict[str, Any] = field(default_factory=dict)


def spans_of(recording: Recording) -> list[Span]:
    """In the order in which they began. What processes told of each other may have come in late: it is put in order first."""
    weaver = _Weaver(ends_s=max((event.at for event in recording.events), default=0.0))
    for event in sorted(recording.events, key=lambda event: (event.at, _RANKS.get(type(event), 0))):
        match event:
            case RequestStarted():
                weaver.request_started(event)
            case RequestEnded():
                weaver.request_ended(event)
            case CallStarted():
                weaver.call_started(event)
            case CallEnded():
                weaver.call_ended(event)
            case Arrived():
                weaver.arrived(event)
            case Answered() | Refused():
                weaver.answered(event)
    return weaver.spans


# What happens first of what happens at one instant: nobody ends what has not begun.
_RANKS: Mapping[type[Event], int] = {
    RequestStarted: 1,
    CallStarted: 2,
    Arrived: 3,
    Answered: 4,
    Refused: 4,
    CallEnded: 5,
    RequestEnded: 6,
}


class _Weaver:
    """Open spans by what tells them apart; of those that nothing tells apart the first to begin is the first to end."""

    def __init__(self, ends_s: float) -> None:
        self.spans: list[Span] = []
        self._ends_s = ends_s
        self._roots: dict[str, int] = {}
        self._calls: defaultdict[tuple[str, str, str, int], deque[int]] = defaultdict(deque)
        self._awaited: defaultdict[tuple[str, str, str, int], deque[int]] = defaultdict(deque)  # calls yet to arrive
        self._work: defaultdict[tuple[str, str, str, int], deque[int]] = defaultdict(deque)
        self._at_work: dict[tuple[str, str], int] = {}

    def request_started(self, event: RequestStarted) -> None:
        self._roots[event.request] = self._begin("request", event.request, event.load, event.request, event.intended_at)

    def request_ended(self, event: RequestEnded) -> None:
        self._end(self._roots.get(event.request), event.at, failed=not event.result.succeeded, said=_result(event))

    def call_started(self, event: CallStarted) -> None:
        key = (event.caller, event.callee, event.request, event.attempt)
        name = f"{event.caller} -> {event.callee}" + (f" #{event.attempt}" if event.attempt > 1 else "")
        parent = self._at_work.get((event.caller, event.request), self._roots.get(event.request))
        said = {"attempt": event.attempt, **({"target": event.target} if event.target else {})}
        place = self._begin("call", name, event.caller, event.request, event.at, parent, said)
        self._calls[key].append(place)
        self._awaited[key].append(place)

    def call_ended(self, event: CallEnded) -> None:
        key = (event.caller, event.callee, event.request, event.attempt)
        self._end(_first(self._calls[key]), event.at, failed=not event.result.succeeded, said=_result(event))

    def arrived(self, event: Arrived) -> None:
        key = (event.caller, event.node, event.request, event.attempt)
        parent = _first(self._awaited[key])
        said = {"queue": event.queue, "busy": event.busy}
        place = self._begin("work", event.node, event.node, event.request, event.at, parent, said)
        self._work[key].append(place)
        self._at_work[event.node, event.request] = place

    def answered(self, event: Answered | Refused) -> None:
        place = _first(self._work[event.caller, event.node, event.request, event.attempt])
        if isinstance(event, Refused):
            self._end(place, event.at, failed=True, said={"refused": event.reason})
        else:
            said = {"status": event.status, "queued_s": event.queued_s, "worked_s": event.worked_s}
            self._end(place, event.at, failed=event.status >= 500, said=said)

    def _begin(
        self, kind: Kind, name: str, node: str, request: str, at: float, parent: int | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> int:  # fmt: skip
        span = Span(
            kind=kind, name=name, node=node, request=request, starts_s=at, ends_s=max(at, self._ends_s), parent=parent,
            said=dict(said or {}),
        )  # fmt: skip
        self.spans.append(span)
        return len(self.spans) - 1

    def _end(self, place: int | None, at: float, *, failed: bool, said: Mapping[str, Any]) -> None:
        if place is None:
            return
        span = self.spans[place]
        span.ends_s, span.ended, span.failed = max(at, span.starts_s), True, failed
        span.said.update(said)


def _first(waiting: deque[int]) -> int | None:
    return waiting.popleft() if waiting else None


def _result(event: RequestEnded | CallEnded) -> dict[str, Any]:
    said: dict[str, Any] = {"result": Result(event.result).value}
    if event.status:
        said["status"] = event.status
    return said | ({"detail": event.detail} if event.detail else {})
