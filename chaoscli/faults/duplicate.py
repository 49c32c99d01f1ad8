"""Duplicated requests: the callee does the work twice, as when a network or a gateway retries on its own."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Duplicate as DuplicateVerdict
from chaoscli.faults.base import Pass, Verdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(Matching):
    """The caller hears the first reply; the second vanishes."""

    kind: ClassVar[str] = "duplicate"

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        return DuplicateVerdict() if self.strikes(number, rng) else Pass()

    def words(self) -> str:
        return f"duplicate requests{self.about()}"
