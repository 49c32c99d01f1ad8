"""What a proxy that stands alone has to show: each link with its totals and faults, and the last things that happened.

Nothing here draws, so that the proxy need not carry the drawing with it.
"""

from __future__ import annotations

from dataclasses import dataclass

# What fits under a table on the smallest usual terminal.
MOST_NOTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """One fault on a link in words, and how many chunks or requests it has harmed."""

    name: str
    text: str
    touched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """One link at one instant; the numbers are totals since it was made."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    connections: int = 0
    open: int = 0
    requests: int = 0
    bytes_request: int = 0
    bytes_reply: int = 0
    harms: tuple[Harm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksState:
    """All links at ``at`` seconds after the start. ``api`` is the address to steer them, empty when there is none."""

    at: float
    links: tuple[LinkState, ...]
    api: str = ""
    notes: tuple[str, ...] = ()
