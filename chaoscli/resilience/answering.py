"""The layers that may answer themselves: from what is known when the callee does not, or instead of asking it."""

from __future__ import annotations

import trio

from chaoscli.events import CacheServed, FallbackServed
from chaoscli.messages import Request, Response
from chaoscli.resilience.attempt import Layer, Means, Wish
from chaoscli.resilience.cache import Hit, Kept
from chaoscli.resilience.ending import Ending, answered
from chaoscli.resilience.fallback import LastGood, fixed, is_safe
from chaoscli.resilience.policy import Cache


class WithFallback:
    """An answer from what is known, when none came that is worth anything."""

    def __init__(self, means: Means, inner: Layer) -> None:
        self._means = means
        self._inner = inner
        self._last_good = LastGood() if means.policy.fallback == "last_good" else None

    async def __call__(self, wish: Wish) -> Ending:
        ending = await self._inner(wish)
        request, now = wish.call.first, self._means.now()
        if not ending.is_passing:
            if self._last_good is not None and ending.response is not None:
                self._last_good.remember(request, ending.response, now)
            return ending
        known = self._last_good.recall(request, now) if self._last_good is not None else None
        if known is not None:
            return self._served(wish, ending, known.response, "last good", known.age_s)
        reply = self._means.policy.fallback_reply
        written = fixed(reply, request) if reply is not None else None
        return self._served(wish, ending, written, "fixed") if written is not None else ending

    def _served(self, wish: Wish, instead_of: Ending, response: Response, source: str, age_s: float = 0.0) -> Ending:
        means = self._means
        means.tell(
            FallbackServed(
                at=means.now(),
                caller=means.caller,
                callee=means.callee,
                request=wish.call.name,
                result=instead_of.result,
                age_s=age_s,
                source=source,
            )
        )
        return answered(response)


class _Flight:
    """One call for an answer that others wait for too."""

    def __init__(self) -> None:
        self.landed = trio.Event()
        self.ending: Ending | None = None


class WithCache:
    """Answers that are kept; those that are not are asked for once, or by everyone."""

    def __init__(self, cache: Cache, means: Means, inner: Layer) -> None:
        self._means = means
        self._inner = inner
        self._kept = Kept[_Flight](cache)

    async def __call__(self, wish: Wish) -> Ending:
        request = wish.call.first
        if not is_safe(request):
            return await self._inner(wish)
        while (found := self._kept.ask(request, self._means.now())) is not None:
            if isinstance(found, Hit):
                self._tell(wish, found.source, found.age_s)
                return answered(found.response)
            await found.landed.wait()
            wish = wish.later()
            if found.ending is not None:
                if found.ending.result.succeeded:
                    self._tell(wish, "shared", 0.0)
                return found.ending
            # Given up by whoever began it: the next one in line begins anew.
        return await self._fetch(wish, request)

    async def _fetch(self, wish: Wish, request: Request) -> Ending:
        flight = _Flight()
        self._kept.take_off(request, flight)
        try:
            flight.ending = await self._inner(wish)
            return flight.ending
        finally:
            response = flight.ending.response if flight.ending is not None else None
            self._kept.land(request, flight, response, self._means.now())
            flight.landed.set()

    def _tell(self, wish: Wish, source: str, age_s: float) -> None:
        means, name = self._means, wish.call.name
        means.tell(
            CacheServed(at=means.now(), caller=means.caller, callee=means.callee, request=name, age_s=age_s, source=source)
        )
