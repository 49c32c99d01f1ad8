"""Datagrams that arrive twice."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Send
from chaoscli.settings import setting
from chaoscli.units import Seconds, Share, format_duration, format_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplication:
    """The copy follows the first at once, or a while later, when others may have come between."""

    kind: ClassVar[str] = "duplication"

    rate: Share = setting("the share of datagrams that arrives twice")
    apart: Seconds = setting("how long after the first the second arrives", 0.0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 1.0:
            raise BadSetting("rate", "is a share from 0 to 1")
        if not 0.0 <= self.apart < math.inf:
            raise BadSetting("apart", "cannot be negative")

    def flow(self, rng: Random) -> DuplicationFlow:
        return DuplicationFlow(self, rng)

    def words(self) -> str:
        return f"duplicate {format_share(self.rate)}" + (f", {format_duration(self.apart)} apart" if self.apart else "")


class DuplicationFlow:
    __slots__ = ("_fault", "_rng")

    def __init__(self, fault: Duplication, rng: Random) -> None:
        self._fault = fault
        self._rng = rng

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        yield Send(now, data)
        if self._rng.random() < self._fault.rate:
            yield Send(now + self._fault.apart, data)
