"""How a run is shown while it goes on: as it was asked for, or as suits where the output goes."""

from __future__ import annotations

import os
import sys
from enum import StrEnum

from chaoscli.errors import UsageError


class Show(StrEnum):
    LIVE = "live"
    PLAIN = "plain"
    QUIET = "quiet"


def show_of(*, live: bool, plain: bool, quiet: bool, usually_live: bool = True) -> str:
    """The stated way, or the one that suits where the output goes. What is over in a moment is not usually live."""
    stated = [show for show, wanted in ((Show.LIVE, live), (Show.PLAIN, plain), (Show.QUIET, quiet)) if wanted]
    if len(stated) > 1:
        raise UsageError(f"--{stated[0]} and --{stated[1]} do not go together")
    if stated:
        return stated[0]
    return Show.LIVE if usually_live and _is_screen() else Show.PLAIN


def _is_screen() -> bool:
    """Decided from the terminal itself: FORCE_COLOR may ask for colours, but redrawing ruins a log."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM", "") not in ("", "dumb")
