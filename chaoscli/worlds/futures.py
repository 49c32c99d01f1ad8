"""Other futures of one past: a seed that is another from an instant on.

Every stream of dice is made from its seed's text when it is first needed, so what is rolled for requests after that instant is
rolled by the other seed, and all before it stays as it was. Arrivals are planned, and stay.
"""

from __future__ import annotations

from collections.abc import Callable


class SeedUntil(int):
    """``seed`` until ``at`` on the clock ``now``, and then ``other``."""

    _now: Callable[[], float]
    _at: float
    _other: int

    def __new__(cls, seed: int, now: Callable[[], float], at: float, other: int) -> SeedUntil:
        made = super().__new__(cls, seed)
        made._now, made._at, made._other = now, at, other
        return made

    def __str__(self) -> str:
        return str(self._other) if self._now() >= self._at else int.__repr__(self)

    __repr__ = __str__
