"""A slow node: every piece of its work takes longer, as on an overloaded or throttled machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Factor, format_factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Work takes ``by`` times as long."""

    kind: ClassVar[str] = "slow"

    by: Factor = setting("how many times longer each piece of work takes")

    def __post_init__(self) -> None:
        if self.by <= 0.0:
            raise BadSetting("by", "must be more than 0")

    def words(self) -> str:
        return f"slow {format_factor(self.by)}"
