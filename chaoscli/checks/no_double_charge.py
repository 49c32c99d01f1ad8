"""No double charge: nobody pays twice for one request, however often it was sent."""

from __future__ import annotations

from collections import Counter

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

CHARGED = "charged"


def _judge(recording: Recording) -> Finding:
    charges = Counter(one.request for one in recording.of(Happened) if one.what == CHARGED)
    if not charges:
        raise NoData("nobody was charged")
    guilty = tuple(request for request, times in charges.items() if times > 1)
    return Finding(shown=f"{charges.total()} charges for {len(charges)} requests", guilty=guilty)


NO_DOUBLE_CHARGE = Invariant(
    name="no double charge", doc="a request is charged at most once, however often it is sent", judge=_judge
)
