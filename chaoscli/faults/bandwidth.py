"""Bandwidth: bytes pass no faster than a rate, for each connection or for the whole link together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from chaoscli.faults.base import Action, BadSetting, FlowMaker, Send, Through
from chaoscli.settings import setting
from chaoscli.units import BytesPerSecond, format_byte_rate

# A chunk of more than this leaves in slices: short enough that the far end sees a stream, long enough to cost little.
SLICE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth:
    """Each slice of the bytes leaves when its last one would have. A rate of 0 holds everything until the heal."""

    kind: ClassVar[str] = "bandwidth"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    rate: BytesPerSecond = setting("how many bytes a second pass; 0 stalls the link until the heal")
    per: Literal["connection", "link"] = setting("connection: each has the rate for itself; link: all share it", "connection")

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate < math.inf:
            raise BadSetting("rate", "cannot be negative")

    def flow(self, rng: Random) -> BandwidthFlow:
        return BandwidthFlow(self.rate, Pipe())

    def shared(self) -> FlowMaker:
        if self.per == "connection":
            return self.flow
        pipe = Pipe()
        return lambda _rng: BandwidthFlow(self.rate, pipe)

    def words(self) -> str:
        return f"bandwidth {format_byte_rate(self.rate)}" + (" for the whole link" if self.per == "link" else "")


@dataclass(slots=True)
class Pipe:
    """What the bytes go through: ``free_at`` is when the last of them has passed."""

    free_at: float = -math.inf


class BandwidthFlow(Through):
    __slots__ = ("_pipe", "_rate", "_slice_bytes")

    def __init__(self, rate: float, pipe: Pipe) -> None:
        self._rate = rate
        self._pipe = pipe
        self._slice_bytes = max(1, int(rate * SLICE_S))

    @property
    def piece_bytes(self) -> float:
        return float(self._slice_bytes) if self._rate else math.inf

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        if not self._rate:
            yield Send(math.inf, data)
            return
        begin = max(now, self._pipe.free_at)
        self._pipe.free_at = begin + len(data) / self._rate
        for at in range(0, len(data), self._slice_bytes):
            piece = data[at : at + self._slice_bytes]
            yield Send(begin + (at + len(piece)) / self._rate, piece)
