"""What the host had to do with it: how long its messages took from peer to peer, and its work, beside what the story says.

Where many answer at once, each waits for a core; and a sleep of 200 microseconds ends with the next tick of a selector. What a
piece of work was to take nobody writes down, but an undisturbed simulation of the same play tells. Simulated links that take as
long as messages and late work together leave the story itself to compare.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import median

from chaoscli.events import Answered, CallEnded, CallStarted, FaultInjected, LinkCounted, RequestStarted
from chaoscli.recording import Recording

# The median of fewer calls is that of whoever came first, before anything was warm.
FEWEST_CALLS = 5


def message_s(recording: Recording, undisturbed: Recording) -> float | None:
    """What a message took, in the median over all calls, as seconds; None without calls. ``undisturbed`` is the same play,
    simulated."""
    found = [seconds for _, seconds in _messages(recording, undisturbed)]
    return median(found) if found else None


def messages_s(recording: Recording, undisturbed: Recording) -> Mapping[str, float]:
    """The same of each link that had calls enough, by its name."""
    found: dict[str, list[float]] = {}
    for link, seconds in _messages(recording, undisturbed):
        found.setdefault(link, []).append(seconds)
    return {link: median(seconds) for link, seconds in found.items() if len(seconds) >= FEWEST_CALLS}


def _messages(recording: Recording, undisturbed: Recording) -> Iterator[tuple[str, float]]:
    """Of each call that was answered: its share, for each message, of what it took beyond what it was to take."""
    per_call = _messages_of_a_call(recording)
    meant, took = _work_s(undisturbed), _work_s(recording)
    for link, seconds in _beyond_the_callee(recording):
        callee = link.partition(" -> ")[2]
        late_s = max(0.0, took.get(callee, 0.0) - meant.get(callee, math.inf))
        yield link, max(0.0, (seconds + late_s) / per_call.get(link, 2.0))


def _work_s(recording: Recording) -> Mapping[str, float]:
    """What each node's own work took, in the median, while nothing was injected."""
    until = _undisturbed_until(recording)
    found: dict[str, list[float]] = {}
    for answer in recording.of(Answered):
        if answer.at < until:
            found.setdefault(answer.node, []).append(answer.own_s)
    return {node: median(seconds) for node, seconds in found.items()}


def _undisturbed_until(recording: Recording) -> float:
    return min((one.at for one in recording.of(FaultInjected)), default=math.inf)


def _messages_of_a_call(recording: Recording) -> Mapping[str, float]:
    """In the median: the request, the reply and, where most calls connect anew, the connecting."""
    calls: dict[str, int] = {}
    for one in recording.of(CallStarted):
        link = f"{one.caller} -> {one.callee}"
        calls[link] = calls.get(link, 0) + 1
    made = {one.link: one.connections for one in recording.of(LinkCounted)}
    return {link: 3.0 if made.get(link, 0) > count / 2 else 2.0 for link, count in calls.items()}


def _beyond_the_callee(recording: Recording) -> Iterator[tuple[str, float]]:
    """While nothing was injected. Where one request called often, calls and answers are paired in their order. How late a load
    was with its first call is the host's as well."""
    late_s = {(one.load, one.request): one.at - one.intended_at for one in recording.of(RequestStarted)}
    until = _undisturbed_until(recording)
    answers: dict[tuple[str, str, str, int], list[Answered]] = {}
    for answer in recording.of(Answered):
        answers.setdefault((answer.caller, answer.node, answer.request, answer.attempt), []).append(answer)
    calls: dict[tuple[str, str, str, int], list[CallEnded]] = {}
    for call in recording.of(CallEnded):
        calls.setdefault((call.caller, call.callee, call.request, call.attempt), []).append(call)
    for (caller, callee, request, attempt), ended in calls.items():
        answered = sorted(answers.get((caller, callee, request, attempt), ()), key=lambda one: one.at)
        if len(ended) != len(answered):
            continue
        late = late_s.get((caller, request), 0.0) if attempt == 1 else 0.0
        for one, its_answer in zip(sorted(ended, key=lambda one: one.at), answered, strict=True):
            if one.at < until:
                yield f"{caller} -> {callee}", late + one.seconds - its_answer.queued_s - its_answer.worked_s
