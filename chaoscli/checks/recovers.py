"""Recovers: once nothing is broken any more, requests are answered again as they were before anything broke.

An answer may be a no: a shop that is sold out says so, and works. What is no answer is silence, a broken connection, a status
that speaks of the server's state instead of the request, and a no that was only said for want of an answer from somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.shipped_in_time import last_mended
from chaoscli.events import CallEnded, CallRejected, FaultInjected, NodeChanged, RequestEnded
from chaoscli.measures.base import NoData
from chaoscli.messages import Result
from chaoscli.recording import Recording

# Long enough for a breaker that waits a second or two, a backoff at its longest, and a queue that has to drain.
RECOVERS_WITHIN_S = 3.0
# Fewer requests than these say nothing about a share.
FEWEST_REQUESTS = 3
# Refusals (RFC 9110; RFC 6585 for 429) by which nobody has looked at what was asked: it came too slowly, or there was too much.
UNCONSIDERED = (408, 425, 429)


def _judge(recording: Recording) -> Finding:
    """After it, at least half as many of the requests are answered as were before; where nothing came before, at least half."""
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
    after = _from(recording, mended + RECOVERS_WITHIN_S)
    if len(after) < FEWEST_REQUESTS:
        raise NoData(f"fewer than {FEWEST_REQUESTS} requests began {RECOVERS_WITHIN_S:g}s after the last heal or later")
    usual = _share(recording, before) if len(before) >= FEWEST_REQUESTS else 1.0
    share = _share(recording, after)
    shown = f"{share:.0%} of {len(after)} requests are answered {RECOVERS_WITHIN_S:g}s after the last heal"
    guilty = tuple(one.request for one in after if not _is_answered(recording, one)) if share < usual / 2 else ()
    return Finding(shown=shown, guilty=guilty)


def fares_no_better(control: Recording, recording: Recording) -> bool:
    """Whether the same play without any fault answers no more of what comes so late: then the faults have nothing to do with it.

    No where the control tells too little of that time.
    """
    since = last_mended(recording) + RECOVERS_WITHIN_S
    after, unharmed = _from(recording, since), _from(control, since)
    if len(after) < FEWEST_REQUESTS or len(unharmed) < FEWEST_REQUESTS:
        return False
    return _share(recording, after) >= _share(control, unharmed) / 2


def _from(recording: Recording, since: float) -> list[RequestEnded]:
    return [one for one in recording.of(RequestEnded) if one.intended_at >= since]


def _share(recording: Recording, ended: Sequence[RequestEnded]) -> float:
    return sum(_is_answered(recording, one) for one in ended) / len(ended)


def _is_answered(recording: Recording, ended: RequestEnded) -> bool:
    if ended.result is Result.FAILED:
        return _is_considered(ended.status) and ended.request not in recording.derived(_for_want_of_an_answer)
    return ended.result is Result.OK


def _is_considered(status: int) -> bool:
    return 400 <= status < 500 and status not in UNCONSIDERED


def _for_want_of_an_answer(recording: Recording) -> frozenset[str]:
    """The requests behind which somebody asked somebody else, and the last attempt got no answer or was not let out."""
    silent: dict[tuple[str, str, str], bool] = {}
    for event in recording.events:
        if isinstance(event, CallEnded) and event.result is not Result.CANCELLED:
            heard = event.result.succeeded or (event.result is Result.FAILED and _is_considered(event.status))
            silent[event.request, event.caller, event.callee] = not heard
        elif isinstance(event, CallRejected):
            silent[event.request, event.caller, event.callee] = True
    return frozenset(request for (request, _, _), is_silent in silent.items() if is_silent)


RECOVERS = Invariant(
    name="recovers",
    doc=f"requests are answered {RECOVERS_WITHIN_S:g}s after the last heal, at least half as often as before the first fault",
    judge=_judge,
)
