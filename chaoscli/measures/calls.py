"""What a callee is sent: attempts, arrivals, their peak, and how many there are for each request of the caller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from chaoscli.events import Arrived, CallStarted, RequestStarted, RetryPlanned
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.rows import beginnings
from chaoscli.measures.silent import is_silent
from chaoscli.measures.windows import spans
from chaoscli.recording import Recording
from chaoscli.topology import Link

# The peak is taken over any one second, wherever it begins.
PEAK_S = 1.0


def attempts(recording: Recording, scope: Scope) -> float:
    """Calls that the caller started, whether or not they reached anyone."""
    within = spans(recording, scope)
    return float(sum(one.at in within for one in _started(recording, scope.link)))


def retries(recording: Recording, scope: Scope) -> float:
    within = spans(recording, scope)
    return float(sum(_on_link(one, scope.link) and one.at in within for one in recording.of(RetryPlanned)))


def calls(recording: Recording, scope: Scope) -> float:
    """Calls that reached the callee."""
    return float(len(_arrival_times(recording, scope)))


def peak(recording: Recording, scope: Scope) -> float:
    """The most calls that reached the callee within one second. Without a link or node: of the busiest link."""
    if scope.link is None and not scope.node:
        return _largest(recording, scope, peak)
    times = _arrival_times(recording, scope)
    first = most = 0
    for last, at in enumerate(times):
        while times[first] <= at - PEAK_S:
            first += 1
        most = max(most, last - first + 1)
    return float(most)


def amplification(recording: Recording, scope: Scope) -> float:
    """Calls that reached the callee for each request that its caller had. Without a link: of the most amplified one.

    Requests belong to the window in which the load meant to start them, and take all their calls along, however late.
    """
    if scope.link is None:
        return _largest(recording, scope, amplification)
    within, begun = spans(recording, scope), recording.derived(beginnings)
    had = {name for name in _requests_of(recording, scope.link) if begun.get(name, 0.0) in within}
    if not had:
        raise NoData(f"{scope.link.caller} had no request")
    reached = recording.derived(_arrivals).get(scope.link, ())
    return sum(one.request in had for one in reached) / len(had)


def _largest(recording: Recording, scope: Scope, compute: Callable[[Recording, Scope], float]) -> float:
    found: list[float] = []
    for link in sorted({Link(one.caller, one.callee) for one in recording.of(CallStarted)}):
        if is_silent(recording, link.callee):
            continue  # what reached it, nobody knows
        try:
            found.append(compute(recording, Scope(link=link, window=scope.window)))
        except NoData:
            continue
    if not found:
        raise NoData("no call was made")
    return max(found)


def _requests_of(recording: Recording, link: Link) -> Iterable[str]:
    """The requests a caller had: begun by a load, or come to a node; of a node that fetches its own work, what it called for."""
    had = recording.derived(_requests_had).get(link.caller)
    return had or [one.request for one in _started(recording, link)]


def _requests_had(recording: Recording) -> Mapping[str, list[str]]:
    """Of each load those it began, of each node those that came to it; a load's name comes first, should both have it."""
    begun: defaultdict[str, list[str]] = defaultdict(list)
    for start in recording.of(RequestStarted):
        begun[start.load].append(start.request)
    reached: defaultdict[str, list[str]] = defaultdict(list)
    for arrival in recording.of(Arrived):
        reached[arrival.node].append(arrival.request)
    return {**reached, **begun}


def _started(recording: Recording, link: Link | None) -> Sequence[CallStarted]:
    return recording.of(CallStarted) if link is None else recording.derived(_starts).get(link, ())


def _starts(recording: Recording) -> Mapping[Link, list[CallStarted]]:
    found: defaultdict[Link, list[CallStarted]] = defaultdict(list)
    for one in recording.of(CallStarted):
        found[Link(one.caller, one.callee)].append(one)
    return found


def _arrival_times(recording: Recording, scope: Scope) -> list[float]:
    within = spans(recording, scope)
    if scope.link:
        reached: Iterable[Arrived] = recording.derived(_arrivals).get(scope.link, ())
    else:
        reached = (one for one in recording.of(Arrived) if scope.node in ("", one.node))
    return sorted(one.at for one in reached if one.at in within)


def _on_link(call: RetryPlanned, link: Link | None) -> bool:
    return link is None or (call.caller == link.caller and call.callee == link.callee)


def _arrivals(recording: Recording) -> Mapping[Link, list[Arrived]]:
    found: defaultdict[Link, list[Arrived]] = defaultdict(list)
    for one in recording.of(Arrived):
        found[Link(one.caller, one.node)].append(one)
    return found
