"""A reply that lies about its length: too long and the caller waits for the rest, too short and the rest is left over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from chaoscli.faults.base import BadSetting, Pass, Verdict
from chaoscli.faults.base import WrongLength as WrongLengthVerdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request
from chaoscli.settings import setting
from chaoscli.units import Bytes, format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLength(Matching):
    """What is left over of a reply stands where the next one should begin. Replies without a Content-Length pass."""

    kind: ClassVar[str] = "wrong_length"

    by: Bytes = setting("how far the stated length is off", 1.0)
    says: Literal["more", "less"] = setting("more: than the body has; less: than it has", "more")

    def __post_init__(self) -> None:
        Matching.__post_init__(self)
        if not 1.0 <= self.by < math.inf:
            raise BadSetting("by", "must be at least 1 byte")

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        if not self.strikes(number, rng):
            return Pass()
        return WrongLengthVerdict(int(self.by) if self.says == "more" else -int(self.by))

    def words(self) -> str:
        return f"Content-Length {format_size(self.by)} {'too long' if self.says == 'more' else 'too short'}{self.about()}"
