"""What goes through a proxy at one instant, as values: the proxy writes them down, and a screen draws them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """One fault on a link in words, and how many chunks or requests it has harmed. ``way`` is an arrow from caller to callee,
    back, or both; empty where the words say it."""

    name: str
    text: str
    touched: int
    way: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """One link; the numbers are totals since it was made."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    connections: int = 0
    open: int = 0
    udp: bool = False
    requests: int = 0
    bytes_request: int = 0
    bytes_reply: int = 0
    harms: tuple[Harm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksState:
    """All links ``at`` seconds after the start. ``api`` is the address to steer them, empty when there is none; ``notes``
    are the last things that happened, the newest at the end."""

    at: float
    links: tuple[LinkState, ...]
    api: str = ""
    notes: tuple[str, ...] = ()
