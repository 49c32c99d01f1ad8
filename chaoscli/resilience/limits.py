"""The layers that give up: after so long for what is inside, or when nobody waits for the answer any more."""

from __future__ import annotations

import math

from chaoscli.messages import Result
from chaoscli.resilience.attempt import Layer, Means, Wish
from chaoscli.resilience.ending import Ending
from chaoscli.units import format_duration


class WithTimeout:
    """So long for what is inside: usually for each attempt, from its sending on."""

    def __init__(self, timeout_s: float, means: Means, inner: Layer) -> None:
        self._timeout_s = timeout_s
        self._means = means
        self._inner = inner

    async def __call__(self, wish: Wish) -> Ending:
        late = Ending(result=Result.TIMEOUT, detail=f"no answer within {format_duration(self._timeout_s)}")
        with self._means.limit(self._timeout_s) as scope:
            return await self._inner(wish.within(scope, late, self._means.now() + self._timeout_s))
        return late


class WithDeadline:
    """So long in all, or as long as our own caller waits, whichever is over first."""

    def __init__(self, means: Means, inner: Layer) -> None:
        self._deadline_s = math.inf if means.policy.deadline is None else means.policy.deadline
        self._means = means
        self._inner = inner

    async def __call__(self, wish: Wish) -> Ending:
        now = self._means.now()
        given_s = wish.until - now
        left_s = min(self._deadline_s, given_s)
        if left_s <= 0.0:
            return self._means.reject(wish, "deadline passed", Result.TIMEOUT)
        if math.isinf(left_s):
            return await self._inner(wish)
        own = self._deadline_s <= given_s
        detail = f"no answer within {format_duration(left_s)} in all" if own else "whoever asked for it waits no longer"
        late = Ending(result=Result.TIMEOUT, detail=detail)
        with self._means.limit(left_s) as scope:
            return await self._inner(wish.within(scope, late, now + left_s))
        return late
