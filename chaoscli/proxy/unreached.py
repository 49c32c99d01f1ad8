"""Callees that could not be reached: told at once, and counted for a while before the next are told."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

from chaoscli.events import Event, Noted
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.sockets import Address

# A mistyped port is seen at the first connection; a thousand a second must not become a thousand lines.
TOLD_EVERY_S = 1.0


class Unreached:
    """``tell`` gets a warning of ``link`` for each address and reason."""

    def __init__(self, link: str, engine: Engine, tell: Callable[[Event], None]) -> None:
        self._link = link
        self._engine = engine
        self._tell = tell
        self._untold: Counter[tuple[Address, int]] = Counter()
        self._waits = False

    def add(self, address: Address, code: int) -> None:
        """A connection to ``address`` failed for the system's reason ``code``."""
        if not address[1]:
            return  # a name that stands for nobody, which is told where it was looked up
        self._untold[address, code] += 1
        if not self._waits:
            self._tell_now(None)

    def _tell_now(self, _nothing: None) -> None:
        untold, self._untold = self._untold, Counter()
        self._waits = bool(untold)
        for ((host, port), code), times in untold.items():
            often = f" ({times} times)" if times > 1 else ""
            text = f"cannot reach {host}:{port}: {os.strerror(code).lower()}{often}"
            self._tell(Noted(at=self._engine.now(), source=self._link, text=text, level="warning"))
        if self._waits:
            self._engine.at(self._engine.now() + TOLD_EVERY_S, self._tell_now, None)
