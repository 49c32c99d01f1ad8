"""Shipped in time: once nothing is broken any more, every order that was accepted is sent out within a bound."""

from __future__ import annotations

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.orders import ACCEPTED
from chaoscli.events import FaultHealed, Happened, NodeChanged
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

# A broker gives a message back after two seconds by default, and a consumer asks again within one.
SHIPPED_WITHIN_S = 4.0
MENDED = ("ready", "resumed")


def _judge(recording: Recording, within_s: float = SHIPPED_WITHIN_S) -> Finding:
    """Orders for which the bound had not passed when the run ended are not judged."""
    facts = recording.of(Happened)
    shipped = {str(one.data.get("order")): one.at for one in facts if one.what in ("shipped", "shipment repeated")}
    if not shipped and not any(change.node == "shipping" for change in recording.of(NodeChanged)):
        raise NoData("nobody ships here")
    over = recording.fell_at if recording.fell_at is not None else (recording.events[-1].at if recording.events else 0.0)
    mended = last_mended(recording)
    due = {
        str(one.data["order"]): (one.request, max(one.at, mended) + within_s) for one in facts if one.what in ACCEPTED
    }  # told again after a crash: then it counts from there
    judged = {order: (request, by) for order, (request, by) in due.items() if by <= over or order in shipped}
    if not judged:
        raise NoData("no order was due to be shipped")
    late = [request for order, (request, by) in judged.items() if shipped.get(order, over + 1.0) > by]
    shown = f"{len(judged) - len(late)} of {len(judged)} orders shipped within {within_s:g}s of the last heal"
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(late)))


def last_mended(recording: Recording) -> float:
    """When the last fault healed, or the last node came back; 0 when nothing was ever wrong."""
    healed = [one.at for one in recording.of(FaultHealed)]
    back = [one.at for one in recording.of(NodeChanged) if one.state in MENDED]
    return max([0.0, *healed, *back])


SHIPPED_IN_TIME = Invariant(
    name="shipped in time",
    doc=f"every order that was accepted is shipped within {SHIPPED_WITHIN_S:g}s of the last heal",
    judge=_judge,
)
