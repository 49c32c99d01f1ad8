"""Clock skew: a node's wall clock that is off, and perhaps runs at another rate. Waiting never uses that clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Drift, Offset, format_drift, format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkew:
    """The wall clock reads ``offset`` more than the truth, and gains ``drift`` millionths of the time since it began."""

    kind: ClassVar[str] = "clock_skew"

    offset: Offset = setting("how far the clock is ahead (negative: behind); it steps there at once, and back at the end", 0.0)
    drift: Drift = setting("how much it gains, in parts per million (negative: loses)", 0.0)
    freeze: bool = setting("the clock stands still until the end, and then shows the truth again", False)

    def __post_init__(self) -> None:
        if self.freeze and self.drift:
            raise BadSetting("freeze", "and drift at once cannot be: a clock that stands still gains and loses nothing")

    @property
    def gains(self) -> float:
        """Parts per million, of any kind of clock: one that stands still loses all of them."""
        return -1e6 if self.freeze else self.drift

    def reading(self, true_wall_s: float, lasted_s: float) -> float:
        """What the clock shows when the truth is ``true_wall_s`` and the skew has lasted ``lasted_s``."""
        return true_wall_s + self.offset + lasted_s * self.gains * 1e-6

    def words(self) -> str:
        parts = [format_duration(self.offset)] if self.offset or not self.gains else []
        parts += ["frozen"] if self.freeze else []
        parts += [f"drifting {format_drift(self.drift)}"] if self.drift else []
        return f"clock skew {', '.join(parts)}"
