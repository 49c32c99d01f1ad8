"""What a world makes of a node's plain settings, for whoever wants to look at them before a world does."""

from __future__ import annotations

from typing import Any

from chaoscli.load.settings import Load
from chaoscli.services.catalogue import KINDS


def settings_of(kind: str) -> type[Any] | None:
    """None for a kind that is no load and no service of ours: of those the world says itself what it thinks."""
    if kind == "load":
        return Load
    return KINDS[kind].settings if kind in KINDS else None
