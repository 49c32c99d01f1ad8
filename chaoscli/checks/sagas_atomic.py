"""Sagas atomic at rest: when all is over, an order is either whole, its stock taken and paid for, or it left no trace."""

from __future__ import annotations

from collections import Counter

from chaoscli.checks.committed import committed
from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.orders import accepted, under_way
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

# What each fact adds to what was done for its request.
PIECES = {"stock reserved": 1, "stock released": -1}
CHARGES = {"charged": 1, "refunded": -1}


def _judge(recording: Recording) -> Finding:
    """The guilty are the requests that took stock or money for more orders, or fewer, than they were given."""
    pieces, charges = Counter[str](), Counter[str]()
    for one in committed(recording):
        pieces[one.request] += PIECES.get(one.what, 0) * int(one.data.get("quantity", 0))
        charges[one.request] += CHARGES.get(one.what, 0)
    told = {one.what for one in committed(recording)}
    if not told & {*PIECES, *CHARGES}:
        raise NoData("nothing was reserved and nobody was charged")
    ordered, orders = Counter[str](), Counter[str]()
    for order in accepted(recording).values():
        ordered[order.request] += order.quantity
        orders[order.request] += 1
    over = under_way(recording)
    ended = [request for request in dict.fromkeys([*pieces, *orders]) if request and request not in over]
    unpaid = [one for one in ended if told & {*CHARGES} and charges[one] != orders[one]]
    unbalanced = [one for one in ended if told & {*PIECES} and pieces[one] != ordered[one]]
    guilty = tuple(one for one in ended if one in {*unpaid, *unbalanced})
    shown = f"{sum(orders[one] > 0 for one in ended if one not in guilty)} whole orders, {len(guilty)} half-done"
    return Finding(shown=shown, guilty=guilty)


SAGAS_ATOMIC = Invariant(
    name="sagas atomic",
    doc="at rest an order is accepted, paid and its stock taken, or none of these",
    judge=_judge,
)
