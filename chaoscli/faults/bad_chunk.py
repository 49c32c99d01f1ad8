"""Malformed chunks: a reply whose framing cannot be read, as from a proxy that mixed two replies up."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import BreakChunk, Pass, Verdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class BadChunk(Matching):
    """The head says the body is chunked, and the first chunk's size is no number. A reply without a body passes."""

    kind: ClassVar[str] = "bad_chunk"

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        return BreakChunk() if self.strikes(number, rng) else Pass()

    def words(self) -> str:
        return f"malformed chunks{self.about()}"
