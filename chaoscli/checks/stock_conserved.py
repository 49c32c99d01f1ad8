"""Stock conserved: what was there is what is left and what was reserved; a lost update breaks this before anyone is oversold."""

from __future__ import annotations

from chaoscli.checks.laws import Finding, Invariant, Watch
from chaoscli.checks.stock import ShelfWatch, listed, shelves
from chaoscli.events import Happened
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty are the requests after whose reservation more was left than the reservations so far allow, or less."""
    guilty: list[str] = []
    shown: list[str] = []
    for shelf in shelves(recording):
        expected = shelf.at_start
        for reservation in shelf.reservations:
            expected -= reservation.quantity
            if reservation.left != expected:
                guilty.append(reservation.request)
        shown.append(f"{shelf.reservations[-1].left} {shelf.product} left of {shelf.at_start}, {expected} expected")
    return Finding(shown=listed(shown, "; "), guilty=tuple(guilty))


def _watch() -> Watch:
    shelf = ShelfWatch()

    def breaks(fact: Happened) -> bool:
        counted = shelf.told(fact)
        return counted is not None and counted[0] != counted[1]

    return breaks


STOCK_CONSERVED = Invariant(
    name="stock conserved",
    doc="what is left of a product is its stock at the start less what was reserved",
    judge=_judge,
    watch=_watch,
)
