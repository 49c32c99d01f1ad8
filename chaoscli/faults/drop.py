"""Lost messages: the request before it is seen, or the reply after the work was done. The caller cannot tell which."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from chaoscli.faults.base import DropReply, DropRequest, Pass, Verdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request
from chaoscli.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Matching):
    """The connection stays open and silent for a lost message, as after a callee that died without a word."""

    kind: ClassVar[str] = "drop"

    what: Literal["request", "reply"] = setting(
        "request: the callee never sees it; reply: it does the work and nobody hears of it", "request"
    )

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        if not self.strikes(number, rng):
            return Pass()
        return DropRequest() if self.what == "request" else DropReply()

    def words(self) -> str:
        return f"drop {self.what}{self.about()}"
