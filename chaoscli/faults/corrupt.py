"""Corruption: now and then a bit is flipped, as by a broken network card behind a checksum that happens to agree."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Send, Through
from chaoscli.settings import setting
from chaoscli.units import Share, format_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupt:
    """One bit is flipped in that share of the bytes, each byte hit or spared by itself. Nothing is lost or late."""

    kind: ClassVar[str] = "corrupt"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    rate: Share = setting("the share of bytes in which one bit is flipped")

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 1.0:
            raise BadSetting("rate", "is a share from 0 to 1")

    def flow(self, rng: Random) -> CorruptFlow:
        return CorruptFlow(BitFlips(self.rate, rng))

    def words(self) -> str:
        return f"corrupt {format_share(self.rate)} of the bytes"


class CorruptFlow(Through):
    __slots__ = ("_flips",)

    def __init__(self, flips: BitFlips) -> None:
        self._flips = flips

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return (Send(now, self._flips.through(data)),)


class BitFlips:
    """Flips bits in bytes as they pass. It draws the gaps between hits, so that untouched bytes cost nothing."""

    __slots__ = ("_log_spared", "_rate", "_rng", "_spared")

    def __init__(self, rate: float, rng: Random) -> None:
        self._rate = rate
        self._rng = rng
        self._log_spared = math.log1p(-rate) if rate < 1.0 else -math.inf
        self._spared = self._gap()

    def through(self, data: bytes) -> bytes:
        """The same object when no bit was flipped."""
        if self._spared >= len(data):
            self._spared -= len(data)
            return data
        flipped = bytearray(data)
        at = self._spared
        while at < len(flipped):
            flipped[at] ^= 1 << self._rng.randrange(8)
            at += 1 + self._gap()
        self._spared = at - len(flipped)
        return bytes(flipped)

    def _gap(self) -> int:
        """How many bytes are spared before the next hit: geometric, by inversion."""
        if not self._rate:
            return 1 << 62
        gap = math.log(1.0 - self._rng.random()) / self._log_spared
        return int(min(gap, 1 << 62))
