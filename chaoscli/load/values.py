"""Values that a load fills into what it sends: a different one for each request, the same for the same seed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar

from chaoscli import dice
from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting

WAYS = ("one_of", "each", "from", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value, drawn in one of four ways; a bare list is short for ``one_of``."""

    SHORT: ClassVar[str] = "one_of"

    one_of: tuple[Any, ...] | None = setting("drawn from these by the dice of the play", None)
    weights: tuple[float, ...] | None = setting(
        "how often each of `one_of` is drawn, relative to the others; equally without", None
    )
    each: tuple[Any, ...] | None = setting("these in turn, over and over", None)
    from_: int | None = setting("a counter that begins here, and is one more for each request", None)
    to: int | None = setting("the counter's last number, after which it begins again; without, it goes on", None)
    random: tuple[Any, ...] | None = setting(
        "a number between these two, drawn by the dice of the play; a whole one where both are whole", None
    )

    def __post_init__(self) -> None:
        ways = [
            way for way, given in zip(WAYS, (self.one_of, self.each, self.from_, self.random), strict=True) if given is not None
        ]
        if len(ways) != 1:
            message = f"and '{ways[0]}' are two values" if ways else f"is missing: a value has one of {', '.join(WAYS)}"
            raise BadSetting(ways[1] if ways else "one_of", message)
        if self.one_of == () or self.each == ():
            raise BadSetting(ways[0], "has nothing in it")
        self._check_weights()
        if self.to is not None and (self.from_ is None or self.to < self.from_):
            raise BadSetting("to", "ends a counter that begins at `from`, so it is not below it")
        if self.random is not None and not _is_range(self.random):
            raise BadSetting("random", "has two numbers, the lower one first, like [1, 100]")

    def _check_weights(self) -> None:
        if self.weights is None:
            return
        if self.one_of is None or len(self.weights) != len(self.one_of):
            raise BadSetting("weights", "has one weight for each of `one_of`")
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise BadSetting("weights", "are not negative, and at least one is above 0")

    @property
    def listed(self) -> tuple[Any, ...]:
        """All it can be, where that was written down."""
        return self.one_of or self.each or ()

    def of(self, n: int, fraction: float) -> Any:
        """Of request number ``n`` (from 1), which drew ``fraction`` (from 0 up to but not including 1)."""
        if self.one_of is not None:
            return self.one_of[chosen(self.weights or (1.0,) * len(self.one_of), fraction)]
        if self.each is not None:
            return self.each[(n - 1) % len(self.each)]
        if self.from_ is not None:
            return self.from_ + ((n - 1) if self.to is None else (n - 1) % (self.to - self.from_ + 1))
        assert self.random is not None
        low, high = self.random
        if isinstance(low, int) and isinstance(high, int):
            return low + int(fraction * (high - low + 1))
        return round(low + fraction * (high - low), 3)


def _is_range(pair: tuple[Any, ...]) -> bool:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in pair)
    return numbers and len(pair) == 2 and pair[0] <= pair[1]


def chosen(weights: tuple[float, ...], fraction: float) -> int:
    """Which of them ``fraction`` falls on."""
    so_far = list(accumulate(weights))
    return min(bisect_right(so_far, fraction * so_far[-1]), len(weights) - 1)


def fraction_of(seed: int, purpose: str, *names: str | int) -> float:
    """A fraction of one, the same whenever it is asked for: 53 bits, as many as a float holds."""
    return float(dice.bits(seed, purpose, *names, count=56) >> 3) / 2**53


def values_of(values: Mapping[str, Value], seed: int, load: str, n: int) -> dict[str, Any]:
    """All values of one request. Each has dice of its own, so that one more changes none of the others."""
    return {name: one.of(n, fraction_of(seed, "value", load, name, n)) for name, one in values.items()}
