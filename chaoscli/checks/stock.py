"""The shelves as the inventories told of them: what each product began with, every reservation and release in its order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from chaoscli.checks.committed import committed
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

STOCKED = "stocked"
RESERVED = "stock reserved"
RELEASED = "stock released"
# A finding is read beside a sentence; a shop may have hundreds of products.
MOST_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """``left`` is what the inventory said remained; a release has a ``quantity`` below 0."""

    request: str
    quantity: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    node: str
    product: str
    at_start: int
    reservations: tuple[Reservation, ...]


def shelves(recording: Recording) -> list[Shelf]:
    """One for each product of each node of which something was reserved, by name; NoData when nothing was."""
    begun = {
        (one.node, str(one.data.get("product"))): int(one.data["quantity"]) for one in committed(recording) if one.what == STOCKED
    }
    taken: defaultdict[tuple[str, str], list[Reservation]] = defaultdict(list)
    for one in committed(recording):
        if one.what in (RESERVED, RELEASED):
            data, sign = one.data, 1 if one.what == RESERVED else -1
            reservation = Reservation(request=one.request, quantity=sign * int(data["quantity"]), left=int(data["left"]))
            taken[one.node, str(data["product"])].append(reservation)
    if not taken:
        raise NoData("nothing was reserved")
    return [
        Shelf(node=node, product=product, at_start=begun.get((node, product), _first_seen(found)), reservations=tuple(found))
        for (node, product), found in sorted(taken.items())
    ]


def listed(shown: Sequence[str], between: str) -> str:
    """What was found of each product, of as many as one reads."""
    more = f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    return between.join(shown[:MOST_SHOWN]) + more


def _first_seen(reservations: list[Reservation]) -> int:
    """The stock before the first reservation, for a shop that was open before the recording began."""
    return reservations[0].left + reservations[0].quantity


class ShelfWatch:
    """The shelves fact by fact: what should be left of a product after each reservation and release."""

    def __init__(self) -> None:
        self._expected: dict[tuple[str, str], int] = {}

    def told(self, fact: Happened) -> tuple[int, int] | None:
        """What should be left and what the inventory says is left, after this fact; None if it is of something else."""
        if fact.what not in (STOCKED, RESERVED, RELEASED):
            return None
        place = fact.node, str(fact.data.get("product"))
        quantity = int(fact.data["quantity"])
        if fact.what == STOCKED:
            self._expected[place] = quantity
            return None
        left = int(fact.data["left"])
        change = -quantity if fact.what == RESERVED else quantity
        self._expected[place] = self._expected.get(place, left - change) + change
        return self._expected[place], left
