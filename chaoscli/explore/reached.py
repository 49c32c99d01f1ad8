"""What came to pass in a run, counted: a search that never got near the dangerous moments has proved nothing.

The counterpart of an assertion that must always hold is one that must hold sometimes, in some run; these are ours, and every
fact that services tell is one more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from chaoscli.events import (
    Answered,
    Arrived,
    BreakerChanged,
    CallEnded,
    CallHedged,
    CallRejected,
    CallStarted,
    FallbackServed,
    FaultInjected,
    FaultTouched,
    Happened,
    NodeChanged,
    Noted,
    Refused,
    RequestEnded,
    RetryDenied,
    RetryPlanned,
)
from chaoscli.messages import Result
from chaoscli.recording import Recording
from chaoscli.resilience.policy import Policy
from chaoscli.settings import from_plain
from chaoscli.topology import Topology

# What can come to pass in any topology; what a topology cannot do is not missed in it.
ALWAYS_POSSIBLE = (
    "a call timed out",
    "a call was refused",
    "a connection broke",
    "a request was lost",
    "a reply was lost after the work was done",
    "a request came twice",
    "a power cut hit work in progress",
    "a node came back",
    "a node stood still with work in progress",
    "two faults at once",
    "a request succeeded",
)
IF_RETRIED = "a call was tried again"
IF_BREAKER = ("a breaker opened", "a breaker closed again")
IF_BROKER = ("a message was delivered again",)
ROLLED_BACK = "an open transaction was rolled back"

_RESULTS = {Result.TIMEOUT: "a call timed out", Result.REFUSED: "a call was refused", Result.RESET: "a connection broke"}
_TOUCHED = {
    "drop request": "a request was lost",
    "drop reply": "a reply was lost after the work was done",
    "duplicate": "a request came twice",
}


def reached(recording: Recording) -> Mapping[str, int]:
    """By words, those that came to pass; facts by their own words, in quotes."""
    found: Counter[str] = Counter()
    _calls(recording, found)
    _policies(recording, found)
    _lives(recording, found)
    for fact in recording.of(Happened):
        found[f"'{fact.what}'"] += 1
        if fact.what == "delivered" and fact.data.get("deliveries", 1) > 1:
            found["a message was delivered again"] += 1
    return {word: found[word] for word in sorted(found) if found[word]}


def possible_in(topology: Topology) -> frozenset[str]:
    """What could come to pass in it, as far as its nodes and policies say."""
    policies = [from_plain(Policy, plain) for node in topology.nodes for plain in node.calls.values()]
    words = set(ALWAYS_POSSIBLE)
    if any(policy.retry is not None and policy.retry.attempts > 1 for policy in policies):
        words.add(IF_RETRIED)
    if any(policy.breaker is not None for policy in policies):
        words.update(IF_BREAKER)
    if any(node.kind == "broker" for node in topology.nodes):
        words.update(IF_BROKER)
    return frozenset(words)


def _calls(recording: Recording, found: Counter[str]) -> None:
    for call in recording.of(CallEnded):
        if call.result in _RESULTS:
            found[_RESULTS[call.result]] += 1
    for touch in recording.of(FaultTouched):
        if touch.action in _TOUCHED:
            found[_TOUCHED[touch.action]] += 1
    if any(one.result is Result.OK for one in recording.of(RequestEnded)):
        found["a request succeeded"] += 1
    on: list[float] = []
    for fault in recording.of(FaultInjected):
        on = [until for until in on if until > fault.at]
        found["two faults at once"] += bool(on)
        on.append(fault.asked_until if fault.asked_until is not None else fault.at)


def _policies(recording: Recording, found: Counter[str]) -> None:
    found[IF_RETRIED] += len(recording.of(RetryPlanned))
    found["a retry was withheld"] += len(recording.of(RetryDenied))
    found["a call was rejected by its caller"] += len(recording.of(CallRejected))
    found["a call was hedged"] += len(recording.of(CallHedged))
    found["a fallback was served"] += len(recording.of(FallbackServed))
    found["a node refused work"] += len(recording.of(Refused))
    opened: set[tuple[str, str]] = set()
    for change in recording.of(BreakerChanged):
        place = change.caller, change.callee
        if change.state == "open":
            found["a breaker opened"] += 1
            opened.add(place)
        elif change.state == "closed" and place in opened:
            found["a breaker closed again"] += 1


def _lives(recording: Recording, found: Counter[str]) -> None:
    """Nodes that were killed or stopped while they had a request."""
    at_work: Counter[str] = Counter()
    for event in recording.events:
        if isinstance(event, Arrived):
            at_work[event.node] += 1
        elif isinstance(event, Answered):
            at_work[event.node] -= 1
        elif isinstance(event, NodeChanged) and event.at > 0.0:
            if event.state == "killed":
                found["a power cut hit work in progress"] += at_work[event.node] > 0
                at_work[event.node] = 0
            elif event.state == "ready":
                found["a node came back"] += 1
            elif event.state == "paused":
                found["a node stood still with work in progress"] += at_work[event.node] > 0
        elif isinstance(event, Noted) and event.text.startswith(ROLLED_BACK):
            found[ROLLED_BACK] += 1


def messages(recording: Recording) -> int:
    """Requests and replies that crossed a link."""
    return len(recording.of(CallStarted)) + len(recording.of(CallEnded))
