"""Dripping replies: the body comes a few bytes at a time, so that a timeout for each read never fires."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import BadSetting, Pass, Verdict
from chaoscli.faults.base import Drip as DripVerdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request
from chaoscli.settings import setting
from chaoscli.units import Bytes, Seconds, format_duration, format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip(Matching):
    """The head comes at once, then a piece every so often."""

    kind: ClassVar[str] = "drip"

    piece: Bytes = setting("how many bytes come at a time", 1.0)
    interval: Seconds = setting("how long before each piece", 0.1)

    def __post_init__(self) -> None:
        Matching.__post_init__(self)
        if not 1.0 <= self.piece < math.inf:
            raise BadSetting("piece", "must be at least 1 byte")
        if not 0.0 <= self.interval < math.inf:
            raise BadSetting("interval", "cannot be negative")

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        return DripVerdict(int(self.piece), self.interval) if self.strikes(number, rng) else Pass()

    def words(self) -> str:
        return f"drip {format_size(self.piece)} every {format_duration(self.interval)}{self.about()}"
