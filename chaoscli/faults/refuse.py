"""Refuse: nobody listens, and live connections are reset, as when the callee's process is gone."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.reset import ResetFlow


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """A new connection is refused by the host itself; it hears at once that nobody is there."""

    kind: ClassVar[str] = "refuse"
    refuses: ClassVar[bool] = True
    holds_dialling: ClassVar[bool] = True

    def flow(self, rng: Random) -> ResetFlow:
        return ResetFlow()

    def words(self) -> str:
        return "refuse connections"
