"""Recovers: once nothing is broken any more, requests are answered again as they were before anything broke."""

from __future__ import annotations

from collections.abc import Sequence

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.shipped_in_time import last_mended
from chaoscli.events import FaultInjected, NodeChanged, RequestEnded
from chaoscli.measures.base import NoData
from chaoscli.messages import Result
from chaoscli.recording import Recording

# Long enough for a breaker that waits a second or two, a backoff at its longest, and a queue that has to drain.
RECOVERS_WITHIN_S = 3.0
# Fewer requests than these say nothing about a share.
FEWEST_REQUESTS = 3
GOOD = (Result.OK,)


def _judge(recording: Recording) -> Finding:
    """After it, at least half as many of the requests succeed as did before it; where nothing came before, at least half."""
    mended = last_mended(recording)
    broke = min(
        [one.at for one in recording.of(FaultInjected)] + [one.at for one in recording.of(NodeChanged) if one.state != "ready"
                                                           and one.at > 0.0],
        default=None,
    )  # fmt: skip
    if broke is None:
        raise NoData("nothing was ever broken")
    ended = recording.of(RequestEnded)
    before = [one for one in ended if one.at < broke]
    after = [one for one in ended if one.intended_at >= mended + RECOVERS_WITHIN_S]
    if len(after) < FEWEST_REQUESTS:
        raise NoData(f"fewer than {FEWEST_REQUESTS} requests began {RECOVERS_WITHIN_S:g}s after the last heal or later")
    usual = _success(before) if len(before) >= FEWEST_REQUESTS else 1.0
    shown = f"{_success(after):.0%} of {len(after)} requests succeed {RECOVERS_WITHIN_S:g}s after the last heal"
    guilty = tuple(one.request for one in after if one.result not in GOOD) if _success(after) < usual / 2 else ()
    return Finding(shown=shown, guilty=guilty)


def _success(ended: Sequence[RequestEnded]) -> float:
    return sum(one.result in GOOD for one in ended) / len(ended)


RECOVERS = Invariant(
    name="recovers",
    doc=f"requests succeed again {RECOVERS_WITHIN_S:g}s after the last heal, at least half as often as before the first fault",
    judge=_judge,
)
