"""Which replica is next, and which is left out for a while: decided here, from what was counted, with time and dice passed in.

Round robin is nginx's smooth weighted one. Two choices are Mitzenmacher's ("The Power of Two Choices in Randomized Load
Balancing", 2001): of two drawn at random the one with less to do, which avoids the herd that runs to the least loaded one.
Ejection is Envoy's outlier detection by consecutive failures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Literal

Balance = Literal["round_robin", "least_loaded", "two_choices"]


class Balancer:
    """Counts the requests at each replica. One without a weight has 1, one of weight 0 gets nothing."""

    def __init__(self, balance: Balance, weights: Mapping[str, int]) -> None:
        self.at_work: Counter[str] = Counter()
        self._balance = balance
        self._weights = weights
        self._credit: Counter[str] = Counter()

    def weight(self, name: str) -> int:
        return self._weights.get(name, 1)

    def pick(self, names: Sequence[str], dice: Callable[[], Random]) -> str | None:
        """One of ``names``; None when none of them may have anything."""
        willing = [name for name in names if self.weight(name) > 0]
        if not willing:
            return None
        if self._balance == "two_choices" and len(willing) > 2:
            willing = dice().sample(willing, 2)
        if self._balance != "round_robin":
            least = min(self._load(name) for name in willing)
            willing = [name for name in willing if self._load(name) == least]
        return self._in_turn(willing)

    def _load(self, name: str) -> float:
        return (self.at_work[name] + 1) / self.weight(name)

    def _in_turn(self, names: Sequence[str]) -> str:
        """Each gains its weight in credit, the richest is next and pays for all: the smoothest order with these shares."""
        for name in names:
            self._credit[name] += self.weight(name)
        chosen = max(names, key=lambda name: self._credit[name])
        self._credit[chosen] -= sum(self.weight(name) for name in names)
        return chosen


class Outliers:
    """Who has failed so many times in a row is left out for a while. ``after`` None: nobody ever is."""

    def __init__(self, after: int | None, for_s: float) -> None:
        self._after = after
        self._for_s = for_s
        self._failed: Counter[str] = Counter()
        self._back_at: dict[str, float] = {}

    def ended(self, name: str, *, failed: bool, now: float) -> bool:
        """Whether this was one failure too many, and the replica is out from now on."""
        if not failed:
            del self._failed[name]
            return False
        self._failed[name] += 1
        if self._after is None or self._failed[name] < self._after or self.is_out(name, now):
            return False
        del self._failed[name]
        self._back_at[name] = now + self._for_s
        return True

    def is_out(self, name: str, now: float) -> bool:
        return now < self._back_at.get(name, now)
