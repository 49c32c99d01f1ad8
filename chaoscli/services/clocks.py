"""Stamps that order writes: by the wall clock, by Lamport's clock, and by the hybrid of both. Pure: wall readings are arguments.

Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 21(7), 1978. Kulkarni, Demirbas, Madappa,
Avva and Leone, "Logical Physical Clocks", OPODIS 2014, figure 5. Wall readings are whole microseconds, so that a stamp
survives its trip as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["wall", "lamport", "hybrid"]


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """Compared in this order: ``wall_us``, then ``count``, then ``node``, which makes any two writes comparable."""

    wall_us: int
    count: int
    node: str

    def __str__(self) -> str:
        return f"{self.wall_us}.{self.count}.{self.node}"

    @classmethod
    def parse(cls, text: str) -> Stamp:
        """From ``1732270983123456.2.alice``; ValueError for anything else."""
        wall, count, node = text.split(".", 2)
        if not (wall.isascii() and wall.isdigit() and count.isascii() and count.isdigit() and node):
            raise ValueError(f"'{text}' is not a stamp")
        return cls(int(wall), int(count), node)


class Stamps(Protocol):
    """One node's clock for stamping."""

    def stamp(self, wall_us: int) -> Stamp:
        """The stamp of an event of this node (a write, a message sent) when its wall clock shows ``wall_us``."""

    def receive(self, stamp: Stamp, wall_us: int) -> None:
        """A message came that bears ``stamp``."""


class WallStamps:
    """What the clock on the wall says; a clock that is behind orders a later write before an earlier one."""

    def __init__(self, node: str) -> None:
        self._node = node

    def stamp(self, wall_us: int) -> Stamp:
        return Stamp(wall_us, 0, self._node)

    def receive(self, stamp: Stamp, wall_us: int) -> None:
        """A wall clock learns nothing from others."""


class LamportStamps:
    """A counter: own event +1; on receipt the larger of both, +1 (Lamport's IR1 and IR2)."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._count = 0

    def stamp(self, wall_us: int) -> Stamp:
        self._count += 1
        return Stamp(0, self._count, self._node)

    def receive(self, stamp: Stamp, wall_us: int) -> None:
        self._count = max(self._count, stamp.count) + 1


class HybridStamps:
    """The largest wall reading heard of, and a counter for what happens while it stands still."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._wall_us = 0
        self._count = 0

    def stamp(self, wall_us: int) -> Stamp:
        if wall_us > self._wall_us:
            self._wall_us, self._count = wall_us, 0
        else:
            self._count += 1
        return Stamp(self._wall_us, self._count, self._node)

    def receive(self, stamp: Stamp, wall_us: int) -> None:
        latest = max(self._wall_us, stamp.wall_us, wall_us)
        counts = [count for wall, count in ((self._wall_us, self._count), (stamp.wall_us, stamp.count)) if wall == latest]
        self._count = max(counts) + 1 if counts else 0
        self._wall_us = latest


def stamps(kind: Kind, node: str) -> Stamps:
    """A fresh clock of one kind for ``node``."""
    kinds: dict[Kind, type[WallStamps | LamportStamps | HybridStamps]] = {
        "wall": WallStamps,
        "lamport": LamportStamps,
        "hybrid": HybridStamps,
    }
    return kinds[kind](node)
