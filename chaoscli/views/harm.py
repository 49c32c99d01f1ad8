"""Harm that no latency shows: every answer was fine, and somebody paid twice or lost what they wrote."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from chaoscli.events import Happened
from chaoscli.measures.facts import EFFECTS, NEWER_WRITE_LOST, effect_of
from chaoscli.views.scene import Harm

# An effect that came to a request again, in words that fit beside a lane.
TWICE: Mapping[str, str] = {
    "stock reserved": "taken twice",
    "order created": "made twice",
    "charged": "paid twice",
    "shipped": "sent twice",
    "worked off": "done twice",
}
LOST: Mapping[str, str] = {NEWER_WRITE_LOST: "writes lost", "order not published": "never told"}
OVERSOLD = "oversold"
TAKEN_BACK = "taken back"
TWO_OWNERS = "two owners"


class HarmFinder:
    """Takes the facts of one variant in order, and says which of them are harm."""

    def __init__(self) -> None:
        self._had: set[Hashable] = set()
        self._left: dict[tuple[str, str], int] = {}
        self._acknowledged: set[tuple[str, int]] = set()
        self._tokens: dict[tuple[str, str], int] = {}

    def harm(self, fact: Happened) -> str:
        """In the words above; empty for a fact that harms nobody."""
        if fact.what in LOST:
            return LOST[fact.what]
        if self._is_oversold(fact):
            return OVERSOLD
        if self._is_taken_back(fact):
            return TAKEN_BACK
        if self._is_from_before(fact):
            return TWO_OWNERS
        if fact.what not in EFFECTS or not fact.request:
            return ""
        effect = effect_of(fact)
        again = effect in self._had
        self._had.add(effect)
        return TWICE[fact.what] if again else ""

    def _is_oversold(self, fact: Happened) -> bool:
        """Whether it gave away what was no longer there. Of a shop that was open before, nobody knows."""
        shelf = fact.node, str(fact.data.get("product", ""))
        if fact.what == "stocked":
            self._left[shelf] = int(fact.data["quantity"])
        elif shelf in self._left and fact.what in _TAKES:
            self._left[shelf] -= _TAKES[fact.what] * int(fact.data["quantity"])
            return fact.what == "stock reserved" and self._left[shelf] < 0
        return False

    def _is_taken_back(self, fact: Happened) -> bool:
        """Whether a store took back what its client was told is written."""
        if fact.what not in ("write acknowledged", "write rolled back"):
            return False
        write = str(fact.data["operation"]), int(fact.data["term"])
        if fact.what == "write acknowledged":
            self._acknowledged.add(write)
            return False
        is_first = write in self._acknowledged
        self._acknowledged.discard(write)
        return is_first

    def _is_from_before(self, fact: Happened) -> bool:
        """Whether a vault took what bears an older token than it had taken."""
        if fact.what != "vault written":
            return False
        place, token = (fact.node, str(fact.data["lease"])), int(fact.data["token"])
        before = self._tokens.get(place, 0)
        self._tokens[place] = max(before, token)
        return token < before


_TAKES = {"stock reserved": 1, "stock released": -1}


class HarmWatch:
    """The harm done to one variant by column, and in all."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._finder = HarmFinder()
        self._columns: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}

    def feed(self, fact: Happened, column: int | None) -> None:
        """Without a column it is counted, and has no place on the axis."""
        name = self._finder.harm(fact)
        if not name:
            return
        self._counts[name] = self._counts.get(name, 0) + 1
        columns = self._columns.setdefault(name, [0] * self._width)
        if column is not None:
            columns[column] += 1

    def harms(self) -> tuple[Harm, ...]:
        return tuple(Harm(name=name, columns=tuple(self._columns[name]), count=count) for name, count in self._counts.items())
