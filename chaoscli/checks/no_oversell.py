"""No oversell: what is reserved is never more than there was."""

from __future__ import annotations

from chaoscli.checks.laws import Finding, Invariant, Watch
from chaoscli.checks.stock import RESERVED, ShelfWatch, listed, shelves
from chaoscli.events import Happened
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty are the requests that got what was no longer there, in the order in which the stock was given away."""
    guilty: list[str] = []
    shown: list[str] = []
    for shelf in shelves(recording):
        taken = 0
        for reservation in shelf.reservations:
            taken += reservation.quantity
            if reservation.quantity > 0 and taken > shelf.at_start:
                guilty.append(reservation.request)
        shown.append(f"{taken} of {shelf.at_start} {shelf.product}")
    return Finding(shown=f"reserved {listed(shown, ', ')}", guilty=tuple(guilty))


def _watch() -> Watch:
    shelf = ShelfWatch()

    def breaks(fact: Happened) -> bool:
        counted = shelf.told(fact)
        return counted is not None and fact.what == RESERVED and counted[0] < 0

    return breaks


NO_OVERSELL = Invariant(
    name="no oversell",
    doc="what is reserved of a product is never more than its stock at the start",
    judge=_judge,
    watch=_watch,
)
