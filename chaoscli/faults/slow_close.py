"""Slow close: bytes pass, but the end of the stream is late."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Finish, Through
from chaoscli.settings import setting
from chaoscli.units import Seconds, format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowClose:
    """Whoever reads until the end waits ``delay`` longer than for the bytes."""

    kind: ClassVar[str] = "slow_close"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    delay: Seconds = setting("how much later the end of the stream arrives")

    def __post_init__(self) -> None:
        if not 0.0 <= self.delay < math.inf:
            raise BadSetting("delay", "cannot be negative")

    def flow(self, rng: Random) -> SlowCloseFlow:
        return SlowCloseFlow(self.delay)

    def words(self) -> str:
        return f"close {format_duration(self.delay)} late"


class SlowCloseFlow(Through):
    __slots__ = ("_delay",)

    def __init__(self, delay: float) -> None:
        self._delay = delay

    def ended(self, now: float) -> Iterable[Action]:
        return (Finish(now + self._delay),)
