"""Moving a path from one service to another while requests run: which share goes where, and when it is given up.

A strangler fig grows around a tree until it stands by itself (Fowler, "StranglerFigApplication", 2004). Asking both and
comparing, as GitHub's Scientist does (2014), finds what no test had: where they differ, the old one is believed.
Time is passed in, and dice are the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Seconds, Share

MOST_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From whoever serves the path to ``to``, a share at a time."""

    to: str = setting("the callee it is moved to")
    path: str = setting("how the paths begin that are moved", "/")
    begins: Seconds = setting("when, after the first request for such a path", 0.0)
    steps: tuple[Share, ...] = setting("the shares of requests that go there, one after the other", (1.0,))
    every: Seconds = setting("how long each step lasts; the last one stays", 1.0)
    compare: bool = setting(
        "until all is moved, ask both for what only reads, and where they differ give the old one's answer", False
    )
    roll_back_after: int | None = setting("after so many differences all goes to the old one again", None, minimum=1)

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise BadSetting("path", f"is '{self.path}'; every path begins with '/'")
        if not 1 <= len(self.steps) <= MOST_STEPS:
            raise BadSetting("steps", f"has {len(self.steps)} shares; there may be from 1 to {MOST_STEPS}")
        if self.every <= 0.0:
            raise BadSetting("every", "is 0; a step takes some time")
        if self.roll_back_after is not None and not self.compare:
            raise BadSetting("roll_back_after", "counts differences, and nobody looks for any: write `compare: true`")


class Mover:
    """One move under way."""

    def __init__(self, move: Move) -> None:
        self.move = move
        self.is_rolled_back = False
        self._began: float | None = None
        self._differences = 0

    def share(self, now: float) -> float:
        """The share that goes to the new one at the instant ``now``; the first question starts the clock."""
        if self._began is None:
            self._began = now
        moving_s = now - self._began - self.move.begins
        if self.is_rolled_back or moving_s < 0.0:
            return 0.0
        return self.move.steps[min(int(moving_s / self.move.every), len(self.move.steps) - 1)]

    def compares(self, share: float) -> bool:
        """A share that is whole has nothing left to be compared with."""
        return self.move.compare and share < 1.0

    def differed(self) -> bool:
        """Another difference; whether it was the one too many, just now."""
        self._differences += 1
        if self.is_rolled_back or self.move.roll_back_after is None or self._differences < self.move.roll_back_after:
            return False
        self.is_rolled_back = True
        return True
