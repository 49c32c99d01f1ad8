"""Lost datagrams, each by itself or in bursts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Send
from chaoscli.faults.loss import Fate
from chaoscli.settings import setting
from chaoscli.units import Share, format_share


@dataclass(frozen=True, slots=True, kw_only=True)
class DatagramLoss:
    """With correlation c, a burst of losses is 1 / ((1 - rate) (1 - c)) datagrams long on average."""

    kind: ClassVar[str] = "loss"

    rate: Share = setting("the share of datagrams that is lost")
    correlation: Share = setting("how much the fate of each datagram resembles that of the one before", 0.0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 1.0:
            raise BadSetting("rate", "is a share from 0 to 1")
        if not 0.0 <= self.correlation <= 1.0:
            raise BadSetting("correlation", "is a share from 0 to 1")

    def flow(self, rng: Random) -> DatagramLossFlow:
        return DatagramLossFlow(Fate(self.rate, self.correlation, rng))

    def words(self) -> str:
        text = f"loss {format_share(self.rate)}"
        return text + (f", {format_share(self.correlation)} correlated" if self.correlation else "")


class DatagramLossFlow:
    __slots__ = ("_fate",)

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return () if self._fate.strikes() else (Send(now, data),)
