"""Reset on use: the first thing said on a connection is answered, after a while, by a reset."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Cut, Flow, Through
from chaoscli.settings import setting
from chaoscli.units import Seconds, format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPeer:
    """Bytes, or the end of the stream, are dropped and set the clock; a connection nobody uses lives on."""

    kind: ClassVar[str] = "reset_peer"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    after: Seconds = setting("how long after the first byte the reset comes", 0.0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.after < math.inf:
            raise BadSetting("after", "cannot be negative")

    def flow(self, rng: Random) -> ResetPeerFlow:
        return ResetPeerFlow(self.after)

    def words(self) -> str:
        return f"reset {format_duration(self.after)} after the first byte" if self.after else "reset at the first byte"


class ResetPeerFlow(Through):
    __slots__ = ("_after", "_used")

    def __init__(self, after: float) -> None:
        self._after = after
        self._used = False

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return self._use(now)

    def ended(self, now: float) -> Iterable[Action]:
        return self._use(now)

    def healed(self, now: float) -> Iterable[Action]:
        # What set the clock is dropped already; the stream cannot go on without it.
        return (Cut(now, reset=True),) if self._used else ()

    def takes_over(self, old: Flow, waiting: Sequence[Action], now: float) -> Iterable[Action]:
        assert isinstance(old, ResetPeerFlow)
        return self._use(now) if old._used else ()

    def _use(self, now: float) -> Iterable[Action]:
        if self._used:
            return ()
        self._used = True
        return (Cut(now + self._after, reset=True),)
