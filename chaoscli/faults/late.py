"""Late messages: a request, or its reply, is held for a while, and the connection's other exchanges behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from chaoscli.faults.base import BadSetting, Delay, Pass, Verdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request
from chaoscli.settings import setting
from chaoscli.units import Seconds, format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Late(Matching):
    """Between ``by - jitter`` and ``by + jitter``, drawn evenly for each message."""

    kind: ClassVar[str] = "late"

    by: Seconds = setting("how late the message is")
    jitter: Seconds = setting("how far that strays", 0.0)
    what: Literal["request", "reply"] = setting("request: before the work; reply: after it", "reply")

    def __post_init__(self) -> None:
        Matching.__post_init__(self)
        if not 0.0 <= self.by < math.inf:
            raise BadSetting("by", "cannot be negative")
        if not 0.0 <= self.jitter < math.inf:
            raise BadSetting("jitter", "cannot be negative")

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        if not self.strikes(number, rng):
            return Pass()
        by_s = max(0.0, self.by + self.jitter * (2.0 * rng.random() - 1.0)) if self.jitter else self.by
        return Delay(request_s=by_s) if self.what == "request" else Delay(reply_s=by_s)

    def words(self) -> str:
        jitter = f" ± {format_duration(self.jitter)}" if self.jitter else ""
        return f"{self.what} late by {format_duration(self.by)}{jitter}{self.about()}"
