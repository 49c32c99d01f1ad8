"""Truncated replies: the body breaks off, as when the callee dies while it answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from chaoscli.faults.base import BadSetting, Pass, Verdict
from chaoscli.faults.base import Truncate as TruncateVerdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request
from chaoscli.settings import setting
from chaoscli.units import Bytes, format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(Matching):
    """The head and some of the body arrive, then the connection closes. Of a chunked body the framing counts too."""

    kind: ClassVar[str] = "truncate"

    keep: Bytes = setting("how many bytes of the body arrive", 0.0)
    ending: Literal["close", "reset"] = setting("how the connection ends then", "close")

    def __post_init__(self) -> None:
        Matching.__post_init__(self)
        if not 0.0 <= self.keep < math.inf:
            raise BadSetting("keep", "cannot be negative")

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        return TruncateVerdict(int(self.keep), self.ending == "reset") if self.strikes(number, rng) else Pass()

    def words(self) -> str:
        return f"truncate replies to {format_size(self.keep)}{self.about()}"
