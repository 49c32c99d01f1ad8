"""Limit data: the connection closes after so many bytes, as under a quota or a proxy that gives up on large bodies."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Cut, Flow, Send, Through
from chaoscli.settings import setting
from chaoscli.units import Bytes, format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitData:
    """Bytes pass up to the limit, counted from when the fault takes hold; the one that reaches it closes the connection."""

    kind: ClassVar[str] = "limit_data"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    bytes: Bytes = setting("how many bytes pass before the connection closes; 0 closes at the first")

    def __post_init__(self) -> None:
        if not 0.0 <= self.bytes < math.inf:
            raise BadSetting("bytes", "cannot be negative")

    def flow(self, rng: Random) -> LimitDataFlow:
        return LimitDataFlow(int(self.bytes))

    def words(self) -> str:
        return f"close after {format_size(self.bytes)}"


class LimitDataFlow(Through):
    __slots__ = ("_limit", "_met", "_reached")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._met = 0  # bytes so far, those that did not pass included
        self._reached = False

    def opened(self, now: float) -> Iterable[Action]:
        # A limit reached under other settings closes the connection under these too.
        return (Cut(now),) if self._reached else ()

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        if self._reached:
            return
        room = max(0, self._limit - self._met)
        self._met += len(data)
        if room:
            yield Send(now, data[:room])
        if len(data) >= room:
            self._reached = True
            yield Cut(now)

    def healed(self, now: float) -> Iterable[Action]:
        # Bytes beyond the limit are gone: what came now would not follow on what arrived.
        return (Cut(now),) if self._reached else ()

    def follows(self, earlier: Flow) -> None:
        if isinstance(earlier, LimitDataFlow):
            self._met = earlier._met
            self._reached = earlier._reached
