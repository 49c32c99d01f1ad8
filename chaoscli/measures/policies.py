"""What the callers' policies and the doors of nodes did: copies sent, calls never made, answers kept, work dropped."""

from __future__ import annotations

from collections.abc import Sequence

from chaoscli.events import BreakerChanged, CacheServed, CallHedged, CallRejected, Refused
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.windows import spans
from chaoscli.recording import Recording
from chaoscli.topology import Link

_Told = CallHedged | CallRejected | CacheServed | BreakerChanged


def hedges(recording: Recording, scope: Scope) -> float:
    """Copies sent because an answer was late."""
    return _count(recording, scope, recording.of(CallHedged))


def rejected(recording: Recording, scope: Scope) -> float:
    """Calls that the caller's own policy did not let out, whatever the reason."""
    return _count(recording, scope, recording.of(CallRejected))


def cached(recording: Recording, scope: Scope) -> float:
    """Questions that the caller answered without a call of their own."""
    return _count(recording, scope, recording.of(CacheServed))


def expired(recording: Recording, scope: Scope) -> float:
    """Requests that a node dropped because nobody waited for them any more."""
    within = spans(recording, scope)
    dropped = [one for one in recording.of(Refused) if one.reason == "expired"]
    return float(sum(scope.node in ("", one.node) and one.at in within for one in dropped))


def breaker_open(recording: Recording, scope: Scope) -> float:
    """The share of the time offered load that a link's breaker was open, half-open not included. Without a link: of the one
    that was open longest."""
    within, lasts_s = spans(recording, scope), recording.lasts_s
    seconds = within.seconds_within(0.0, lasts_s)
    if not seconds:
        raise NoData("that is no time at all")
    links = {Link(one.caller, one.callee) for one in recording.of(BreakerChanged)} if scope.link is None else {scope.link}
    opened = [sum(within.seconds_within(*one) for one in open_times(recording, link, lasts_s)) for link in links]
    return max(opened, default=0.0) / seconds


def open_times(recording: Recording, link: Link, until: float) -> list[tuple[float, float]]:
    """From when to when the breaker of a link was open, up to the instant ``until``."""
    found: list[tuple[float, float]] = []
    since: float | None = None
    for one in (one for one in recording.of(BreakerChanged) if _is_of(one, link)):
        if since is not None:
            found.append((since, min(one.at, until)))
        since = one.at if one.state == "open" and one.at < until else None
    return [*found, (since, until)] if since is not None else found


def _count(recording: Recording, scope: Scope, told: Sequence[_Told]) -> float:
    within = spans(recording, scope)
    return float(sum((scope.link is None or _is_of(one, scope.link)) and one.at in within for one in told))


def _is_of(one: _Told, link: Link) -> bool:
    return one.caller == link.caller and one.callee == link.callee
