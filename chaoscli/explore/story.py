"""A failing run in words with times: what was done to it, and all that happened to those whose promise was broken."""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli.events import (
    CallEnded,
    CallRejected,
    CallStarted,
    Event,
    FaultHealed,
    FaultInjected,
    FaultTouched,
    Happened,
    NodeChanged,
    RequestEnded,
    RequestStarted,
    RetryPlanned,
)
from chaoscli.exploration import Violation
from chaoscli.messages import Result
from chaoscli.recording import Recording
from chaoscli.units import format_duration

# Of those who broke it, the first and whoever it met; more would be a log.
MOST_GUILTY = 2
MOST_LINES = 40
_ENDED = {
    Result.TIMEOUT: "gives up waiting",
    Result.REFUSED: "is refused",
    Result.RESET: "loses the connection",
    Result.UNANSWERED: "is never answered",
}
_HIDDEN = frozenset({"stocked"})


def story_of(recording: Recording, violation: Violation) -> tuple[tuple[float, str], ...]:
    """Lines of (seconds, words) in order, the guilty moment among them. Of a long one its end: that is where it breaks."""
    guilty = frozenset(violation.guilty[:MOST_GUILTY])
    lines = [(event.at, words) for event in recording.events for words in _words(event, guilty)]
    lines = [line for line in lines if line[0] <= violation.at_s + 1e-9]
    lines.append((violation.at_s, f"HERE '{violation.invariant}' is broken: {violation.shown}"))
    lines.sort(key=lambda line: line[0])
    return tuple(lines[-MOST_LINES:])


def _words(event: Event, guilty: frozenset[str]) -> Iterator[str]:
    match event:
        case FaultInjected(targets=targets, text=text, kind=kind):
            yield f"{' and '.join(targets)}: {kind}" + (f" ({text})" if text != kind else "")
        case FaultHealed(fault=fault):
            yield f"{fault} is over"
        case NodeChanged(state="died", node=node, detail=detail):
            yield f"{node} dies by itself: {detail}"
        case _ if getattr(event, "request", "") in guilty:
            words = _of_request(event)
            if words:
                yield words


def _of_request(event: Event) -> str:
    match event:
        case RequestStarted(load=load, request=request):
            return f"{load} ask: {request}"
        case CallStarted(caller=caller, callee=callee, attempt=attempt, request=request):
            return f"{caller} asks {callee} for {request}" + (f", try {attempt}" if attempt > 1 else "")
        case CallEnded(result=result, caller=caller, callee=callee, request=request) if result in _ENDED:
            return f"{caller} {_ENDED[result]} at {callee} for {request}"
        case CallEnded(status=status, caller=caller, callee=callee, request=request):
            return f"{callee} answers {caller} {status} for {request}"
        case CallRejected(caller=caller, callee=callee, reason=reason, request=request):
            return f"{caller} does not ask {callee} for {request}: {reason}"
        case RetryPlanned(caller=caller, callee=callee, delay_s=delay_s):
            return f"{caller} will ask {callee} again in {format_duration(delay_s)}"
        case FaultTouched(link=link, action=action, request=request):
            return f"{link}: {action}, of {request}"
        case Happened(node=node, what=what, request=request) if what not in _HIDDEN:
            return f"{node}: {what} for {request}"
        case RequestEnded(load=load, result=result, request=request):
            return f"{load} hear of {request}: {result.value}"
    return ""
