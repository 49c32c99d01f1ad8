"""A partition: which directions of which links run between groups that cannot reach each other, and what they suffer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from chaoscli.faults.base import ByteFault, Direction
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.silence import Silence
from chaoscli.settings import setting
from chaoscli.topology import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """What separates the groups. ``one_way``: only what travels from an earlier group to a later one is lost."""

    kind: ClassVar[str] = "partition"

    mode: Literal["silence", "refuse", "reset"] = setting(
        "silence: bytes wait for the heal, as TCP has it; refuse: nobody listens; reset: connections are torn down", "silence"
    )
    one_way: bool = setting("only what travels from the first group to the second is lost", False)

    @property
    def fault(self) -> ByteFault:
        """What each direction that is cut suffers."""
        match self.mode:
            case "silence":
                return Silence()
            case "refuse":
                return Refuse()
            case "reset":
                return ResetConnections()

    def words(self) -> str:
        return f"partition, {self.mode}" + (", one way" if self.one_way else "")


def cut(groups: Sequence[Sequence[str]], links: Sequence[Link], one_way: bool) -> list[tuple[Link, Direction]]:
    """The directions of ``links`` that run between the groups, in the order of the links.

    Groups may intersect: a node in two groups stands with both, and reaches the members of either. A node in no group
    reaches everyone. With ``one_way``, what travels from a member of an earlier group to one of a later group is lost:
    requests on links that way, and replies on links the other way.
    """
    places: dict[str, set[int]] = {}
    for place, group in enumerate(groups):
        for node in group:
            places.setdefault(node, set()).add(place)

    def lost(sender: str, receiver: str) -> bool:
        here, there = places.get(sender, set()), places.get(receiver, set())
        if not here or not there or here & there:
            return False
        return not one_way or min(here) < min(there)

    severed: list[tuple[Link, Direction]] = []
    for link in links:
        if lost(link.caller, link.callee):
            severed.append((link, Direction.REQUEST))
        if lost(link.callee, link.caller):
            severed.append((link, Direction.REPLY))
    return severed
