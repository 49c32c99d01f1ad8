"""No double charge: nobody pays twice for one request, however often it was sent."""

from __future__ import annotations

from collections import Counter

from chaoscli.checks.committed import committed
from chaoscli.checks.laws import Finding, Invariant
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

CHARGED = "charged"
REFUNDED = "refunded"


def _judge(recording: Recording) -> Finding:
    """What was given back does not count."""
    facts = committed(recording)
    charges = Counter(one.request for one in facts if one.what == CHARGED)
    refunds = Counter(one.request for one in facts if one.what == REFUNDED)
    if not charges:
        raise NoData("nobody was charged")
    guilty = tuple(request for request, times in charges.items() if times - refunds[request] > 1)
    given_back = f", {refunds.total()} given back" if refunds else ""
    return Finding(shown=f"{charges.total()} charges for {len(charges)} requests{given_back}", guilty=guilty)


NO_DOUBLE_CHARGE = Invariant(
    name="no double charge",
    doc="a request is charged at most once, however often it is sent, less what was given back",
    judge=_judge,
)
