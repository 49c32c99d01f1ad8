"""Timeout: bytes vanish, and the connection closes once the sender has been quiet for long enough."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Cut, Through
from chaoscli.settings import setting
from chaoscli.units import Seconds, format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """Whatever is sent is dropped and winds the clock up again; the heal closes the connection, which has lost bytes."""

    kind: ClassVar[str] = "timeout"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    after: Seconds = setting("how long the sender is quiet before the connection closes; 0 never closes it", 0.0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.after < math.inf:
            raise BadSetting("after", "cannot be negative")

    def flow(self, rng: Random) -> TimeoutFlow:
        return TimeoutFlow(self.after)

    def words(self) -> str:
        return "drop all bytes" + (f", close after {format_duration(self.after)} of quiet" if self.after else "")


class TimeoutFlow(Through):
    __slots__ = ("_after",)

    def __init__(self, after: float) -> None:
        self._after = after

    def opened(self, now: float) -> Iterable[Action]:
        return (Cut(now + self._after),) if self._after else ()

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return (Cut(now + self._after),) if self._after else ()

    def healed(self, now: float) -> Iterable[Action]:
        return (Cut(now),)
