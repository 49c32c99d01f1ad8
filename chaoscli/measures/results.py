"""How requests ended, counted and as shares."""

from __future__ import annotations

from chaoscli.events import FallbackServed, RequestSkipped
from chaoscli.measures.base import Compute, Scope
from chaoscli.measures.rows import ended_rows, rows
from chaoscli.measures.windows import spans
from chaoscli.messages import Result
from chaoscli.recording import Recording


def requests(recording: Recording, scope: Scope) -> float:
    return float(len(rows(recording, scope)))


def success(recording: Recording, scope: Scope) -> float:
    """The share of ended requests that succeeded: a fallback answer is a success, an unanswered request is not."""
    ended = ended_rows(recording, scope)
    return sum(row.succeeded for row in ended) / len(ended)


def errors(recording: Recording, scope: Scope) -> float:
    return 1.0 - success(recording, scope)


def ended_as(result: Result) -> Compute:
    """A measure that counts the requests that ended with one result."""

    def count(recording: Recording, scope: Scope) -> float:
        return float(sum(row.result is result for row in rows(recording, scope)))

    return count


def fallbacks(recording: Recording, scope: Scope) -> float:
    """Requests answered by a fallback; of a link: how often its caller fell back."""
    link = scope.link
    if link is None:
        return ended_as(Result.FALLBACK)(recording, scope)
    within = spans(recording, scope)
    served = recording.of(FallbackServed)
    return float(sum(one.caller == link.caller and one.callee == link.callee and one.at in within for one in served))


def skipped(recording: Recording, scope: Scope) -> float:
    """Requests never sent because too many were in flight when they were due."""
    within = spans(recording, scope)
    return float(sum(scope.load in ("", one.load) and one.intended_at in within for one in recording.of(RequestSkipped)))
