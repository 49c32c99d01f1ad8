"""Where a failure came from: followed by its request's id from the load to the service that failed by itself.

Whoever calls tells how each call ended, under the id of the request it was for. As long as every service passes the id on
(``X-Request-ID``, and ``traceparent`` of W3C Trace Context beside it), a failed request leads from one failed call to the next.
Where one does not, the trail ends at a gateway error that names nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaoscli.events import CallEnded, RequestEnded
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.windows import spans
from chaoscli.messages import Result
from chaoscli.recording import Recording

# What a service answers for somebody behind it that failed (RFC 9110, 15.6.3 and 15.6.5).
_FOR_ANOTHER = frozenset({502, 504})
_NO_FAILURE = frozenset({Result.OK, Result.FALLBACK, Result.CANCELLED})


@dataclass(frozen=True, slots=True)
class Trail:
    """The services that a failed request leads through, the last one being where it ends; ``how`` that one failed, in a word.
    ``found``: it failed by itself. Otherwise somebody behind it did, and nobody knows who."""

    path: tuple[str, ...]
    how: str
    found: bool


def trails(recording: Recording) -> Mapping[tuple[str, str], Trail]:
    """Of each failed request, by its load and its id."""
    failed = recording.derived(_failed_calls)
    return {
        (one.load, one.request): _trail(failed, one.load, one.request)
        for one in recording.of(RequestEnded)
        if one.result not in _NO_FAILURE
    }


def traced(recording: Recording, scope: Scope) -> float:
    """The share of failed requests that lead to whoever failed; with a node, those that lead to it."""
    within, found = spans(recording, scope), recording.derived(trails)
    failed = [
        found[one.load, one.request]
        for one in recording.of(RequestEnded)
        if (one.load, one.request) in found and one.intended_at in within and scope.load in ("", one.load)
    ]
    if not failed:
        raise NoData("no request failed")
    return sum(one.found and scope.node in ("", one.path[-1]) for one in failed) / len(failed)


def _trail(failed: Mapping[tuple[str, str], CallEnded], load: str, request: str) -> Trail:
    path: list[str] = []
    last: CallEnded | None = None
    at = load
    while (call := failed.get((at, request))) is not None and call.callee not in path:
        path.append(call.callee)
        last, at = call, call.callee
    if last is None:  # it was never sent, or what came was not what was asked for
        return Trail((load,), "no answer", found=False)
    how = str(last.status) if last.status else last.result.value
    return Trail(tuple(path), how, found=last.status not in _FOR_ANOTHER)


def _failed_calls(recording: Recording) -> Mapping[tuple[str, str], CallEnded]:
    """The call that a caller's request failed with: of those whose last attempt failed, the one that ended last."""
    latest: dict[tuple[str, str, str], CallEnded] = {}
    for call in recording.of(CallEnded):
        latest[call.caller, call.callee, call.request] = call
    failed: dict[tuple[str, str], CallEnded] = {}
    for (caller, _, request), call in latest.items():
        before = failed.get((caller, request))
        if call.result not in _NO_FAILURE and (before is None or before.at <= call.at):
            failed[caller, request] = call
    return failed
