"""Datagrams that are overtaken by those behind them."""

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
class Reordering:
    """Some datagrams take a longer way; whatever comes within ``by`` behind one of them arrives before it.

    Jitter of a latency reorders too, as soon as it is larger than the pause between datagrams.
    """

    kind: ClassVar[str] = "reordering"

    rate: Share = setting("the share of datagrams that is held back")
    by: Seconds = setting("how long they are held back", 0.01)

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 1.0:
            raise BadSetting("rate", "is a share from 0 to 1")
        if not 0.0 < self.by < math.inf:
            raise BadSetting("by", "must be more than 0")

    def flow(self, rng: Random) -> ReorderingFlow:
        return ReorderingFlow(self, rng)

    def words(self) -> str:
        return f"reorder {format_share(self.rate)} by {format_duration(self.by)}"


class ReorderingFlow:
    __slots__ = ("_fault", "_rng")

    def __init__(self, fault: Reordering, rng: Random) -> None:
        self._fault = fault
        self._rng = rng

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        held_back = self._rng.random() < self._fault.rate
        return (Send(now + self._fault.by if held_back else now, data),)
