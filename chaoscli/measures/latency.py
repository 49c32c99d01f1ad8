"""How long requests took. By default only of those that succeeded: a fast failure must not flatter a median."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chaoscli.measures.base import Compute, NoData, Scope
from chaoscli.measures.rows import Row, ended_rows
from chaoscli.messages import Result
from chaoscli.recording import Recording

FAILURES = "failures"
ANY = "any"
# What ``p99(...)`` may be asked of, besides nothing (the successes).
RESULT_WORDS = (*(result.value for result in Result), FAILURES, ANY)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the ordered values that at least ``share`` of them do not exceed (nearest rank, no interpolation)."""
    # 0.999 * 1000 is 999.0000000000001 for a machine; a billionth less is the rank that was meant.
    rank = math.ceil(share * len(ordered) - 1e-9)
    return ordered[max(0, rank - 1)]


def latency_at(share: float) -> Compute:
    """A measure: the latency that ``share`` of the requests did not exceed."""

    def compute(recording: Recording, scope: Scope) -> float:
        return quantile(sorted(latencies(recording, scope)), share)

    return compute


def longest(recording: Recording, scope: Scope) -> float:
    return max(latencies(recording, scope))


def mean(recording: Recording, scope: Scope) -> float:
    found = latencies(recording, scope)
    return math.fsum(found) / len(found)


def slowest(recording: Recording, scope: Scope) -> float:
    """The longest anyone waited, however it ended; who was never answered waited until the end."""
    return max(row.latency_s or 0.0 for row in ended_rows(recording, scope))


def latencies(recording: Recording, scope: Scope) -> list[float]:
    """In seconds, of the rows whose result the scope asks for; NoData when there is none."""
    found = [row.latency_s or 0.0 for row in ended_rows(recording, scope) if _wanted(row, scope.result)]
    if not found:
        raise NoData(f"none ended as '{scope.result}'" if scope.result else "none succeeded")
    return found


def _wanted(row: Row, result: str) -> bool:
    if result == "":
        return row.succeeded
    if result == FAILURES:
        return not row.succeeded
    return result == ANY or row.result == result
