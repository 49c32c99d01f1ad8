"""The orders that were accepted, as the order services told of them, also after they were killed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from chaoscli.events import Happened, RequestEnded, RequestStarted
from chaoscli.messages import Result
from chaoscli.recording import Recording

# After its answer a service has this long to undo, or to tell the broker; both take some round trips when nothing is broken.
COMES_TO_REST_S = 0.5
# A service that is killed between a commit and its telling tells of the order when it is back.
ACCEPTED = ("order created", "order recovered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    request: str
    quantity: int


def accepted(recording: Recording) -> Mapping[str, Accepted]:
    """By the order's id."""
    return {
        str(one.data["order"]): Accepted(request=one.request, quantity=int(one.data.get("quantity", 0)))
        for one in recording.of(Happened)
        if one.what in ACCEPTED
    }


def under_way(recording: Recording) -> frozenset[str]:
    """Requests that had not been answered when the run ended, or just before: nothing about them is at rest."""
    until = math.inf if recording.fell_at is None else recording.fell_at - COMES_TO_REST_S
    ended = {one.request for one in recording.of(RequestEnded) if one.result is not Result.UNANSWERED and one.at <= until}
    return frozenset(one.request for one in recording.of(RequestStarted)) - ended
