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
LOST: Mapping[str, str] = {NEWER_WRITE_LOST: "writes lost"}


class HarmFinder:
    """Takes the facts of one variant in order, and says which of them are harm."""

    def __init__(self) -> None:
        self._had: set[Hashable] = set()

    def harm(self, fact: Happened) -> str:
        """In the words of the tables above; empty for a fact that harms nobody."""
        if fact.what in LOST:
            return LOST[fact.what]
        if fact.what not in EFFECTS or not fact.request:
            return ""
        effect = effect_of(fact)
        again = effect in self._had
        self._had.add(effect)
        return TWICE[fact.what] if again else ""


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
