"""What a UDP link lost although no fault asked for it, by its reason: counted at once, told in a line now and then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from chaoscli.events import Event, Noted

REFUSED = "nobody listens upstream"


class Losses:
    """``tell`` gets a warning for each reason that came up since the last time. ``evicted`` counts the clients that had to make
    room for others: nobody knows how many answers to them are lost."""

    def __init__(self, link: str, tell: Callable[[Event], None]) -> None:
        self._link = link
        self._tell = tell
        self.evicted = 0
        self._evicted_told = 0
        self._counts: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()

    def add(self, reason: str, count: int = 1) -> None:
        self._counts[reason] += count
        self._untold[reason] += count

    @property
    def refused(self) -> int:
        """Those that the host of the callee sent back: they did arrive, and there was nobody."""
        return self._counts[REFUSED]

    @property
    def dropped(self) -> int:
        """Those that this link, or the kernel on its behalf, did not pass on."""
        return self._counts.total() - self.refused

    def tell(self, at: float) -> None:
        untold, self._untold = self._untold, Counter()
        for reason, count in untold.items():
            self._warn(at, f"{count} datagram{'s' if count > 1 else ''} lost: {reason}")
        if evicted := self.evicted - self._evicted_told:
            self._evicted_told = self.evicted
            text = f"{evicted} client{'s' if evicted > 1 else ''} had to make room for new ones"
            self._warn(at, f"{text}: late answers to them are lost")

    def _warn(self, at: float, text: str) -> None:
        self._tell(Noted(at=at, source=self._link, text=text, level="warning"))
