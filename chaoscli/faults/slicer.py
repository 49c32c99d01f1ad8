"""Slicer: chunks arrive in small pieces, so that whoever takes one read for one message is found out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Finish, Send, Through
from chaoscli.settings import setting
from chaoscli.units import Bytes, Seconds, format_duration, format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicer:
    """Chunks are halved, about in the middle, until the pieces are at most ``average_size + size_variation`` bytes long.

    That is how Toxiproxy cuts: pieces of its 1024 ± 512 are between 512 and 1536 bytes.
    """

    kind: ClassVar[str] = "slicer"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    average_size: Bytes = setting("how long a piece is on average", 64.0)
    size_variation: Bytes = setting("how far a piece may stray from it", 0.0)
    delay: Seconds = setting("how long after a piece the next one leaves", 0.0)

    def __post_init__(self) -> None:
        if not 1.0 <= self.average_size < math.inf:
            raise BadSetting("average_size", "must be at least 1 byte")
        if not 0.0 <= self.size_variation < self.average_size:
            raise BadSetting("size_variation", "must be less than average_size, and not negative")
        if not 0.0 <= self.delay < math.inf:
            raise BadSetting("delay", "cannot be negative")

    def flow(self, rng: Random) -> SlicerFlow:
        return SlicerFlow(self, rng)

    def words(self) -> str:
        text = f"slices of {format_size(self.average_size)}"
        text += f" ± {format_size(self.size_variation)}" if self.size_variation else ""
        return text + (f", {format_duration(self.delay)} apart" if self.delay else "")


class SlicerFlow(Through):
    __slots__ = ("_average", "_delay", "_free_at", "_rng", "_variation")

    def __init__(self, fault: Slicer, rng: Random) -> None:
        self._average = int(fault.average_size)
        self._variation = int(fault.size_variation)
        self._delay = fault.delay
        self._rng = rng
        self._free_at = -math.inf

    @property
    def piece_bytes(self) -> float:
        return float(self._average)

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        at = max(now, self._free_at)
        for begin, end in self._pieces(len(data)):
            yield Send(at, data[begin:end])
            at += self._delay
        self._free_at = at

    def ended(self, now: float) -> Iterable[Action]:
        return (Finish(max(now, self._free_at)),)

    def _pieces(self, length: int) -> Iterable[tuple[int, int]]:
        """Where the pieces begin and end, in order, without recursion: halves wait on a stack."""
        waiting = [(0, length)]
        while waiting:
            begin, end = waiting.pop()
            size = end - begin
            if size <= self._average + self._variation or size < 2:
                yield begin, end
                continue
            middle = begin + size // 2
            if self._variation:
                middle += self._rng.randint(-self._variation, self._variation)
            middle = min(max(middle, begin + 1), end - 1)
            waiting += ((middle, end), (begin, middle))
