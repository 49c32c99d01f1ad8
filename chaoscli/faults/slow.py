"""A slow node: every piece of its work takes longer, as on an overloaded or throttled machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoscli.settings import setting
from chaoscli.units import Factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Work takes ``by`` times as long."""

    kind: ClassVar[str] = "slow"

    by: Factor = setting("how many times longer each piece of work takes")
