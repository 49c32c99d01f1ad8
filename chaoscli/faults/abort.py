"""Aborted exchanges: a reset in the middle of one, before the callee saw the request or after it did the work."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from chaoscli.faults.base import Pass, Reset, Verdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request
from chaoscli.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort(Matching):
    """The caller sees the same either way, and cannot know whether it is safe to try again."""

    kind: ClassVar[str] = "abort"

    what: Literal["request", "reply"] = setting("request: before the callee saw it; reply: in place of the answer", "reply")

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        return Reset(after_work=self.what == "reply") if self.strikes(number, rng) else Pass()

    def words(self) -> str:
        return f"reset at the {self.what}{self.about()}"
