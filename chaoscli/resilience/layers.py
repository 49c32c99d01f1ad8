"""The layers around an attempt that wait, send again or answer themselves: each asks its decider, acts, and tells."""

from __future__ import annotations

import trio

from chaoscli import dice
from chaoscli.events import BreakerChanged, CacheServed, CallHedged, FallbackServed, RetryDenied, RetryPlanned
from chaoscli.messages import Request, Response, Result
from chaoscli.resilience.attempt import Layer, Means, Wish
from chaoscli.resilience.backoff import pause_s
from chaoscli.resilience.breaker import Circuit
from chaoscli.resilience.budget import Budget
from chaoscli.resilience.bulkhead import Compartment, Entry
from chaoscli.resilience.cache import Hit, Kept
from chaoscli.resilience.ending import Ending, answered
from chaoscli.resilience.fallback import LastGood, fixed, is_safe
from chaoscli.resilience.hedge import Hedging, is_repeatable
from chaoscli.resilience.policy import Breaker, Bulkhead, Cache, Hedge, RateLimit, Retry, Throttle
from chaoscli.resilience.rate_limit import Meter
from chaoscli.resilience.retry import retry_after_s, wants_retry
from chaoscli.resilience.throttle import Throttling


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


class WithRetry:
    """Again after a pause, as long as it is wanted, allowed and paid for."""

    def __init__(self, retry: Retry, means: Means, inner: Layer) -> None:
        self._retry = retry
        self._means = means
        self._inner = inner
        self._budget = Budget(retry.budget) if retry.budget is not None else None

    async def __call__(self, wish: Wish) -> Ending:
        if self._budget is not None:
            self._budget.first_try()
        tried, drawn_s = 1, 0.0
        ending = await self._inner(wish)
        while wants_retry(self._retry, tried, ending):
            drawn_s = self._drawn_s(wish, tried, drawn_s)
            asked_s = retry_after_s(ending.response) if self._retry.retry_after else None
            delay_s = max(drawn_s, asked_s or 0.0)
            if not self._may(wish, delay_s, asked_s or 0.0):
                break
            attempt = self._plan(wish, delay_s)
            await self._means.sleep(delay_s)
            tried += 1
            ending = await self._inner(wish.again(attempt))
        return ending

    def _drawn_s(self, wish: Wish, tried: int, before_s: float) -> float:
        means, call = self._means, wish.call
        # A stream for each attempt: how many draws an earlier pause took must not matter.
        names = (means.caller, means.callee, call.name, call.first.target, call.attempts + 1)
        return pause_s(self._retry, tried - 1, dice.stream(means.seed, "retry", *names), before_s)

    def _may(self, wish: Wish, delay_s: float, asked_s: float) -> bool:
        """The budget comes last: what is denied for another reason shall not cost anything."""
        if asked_s > self._retry.cap:
            reason = "told to wait longer"
        elif self._means.now() + delay_s >= wish.until:
            reason = "deadline too close"
        elif self._budget is not None and not self._budget.spend():
            reason = "budget spent"
        else:
            return True
        means, withheld = self._means, wish.call.attempts + 1
        means.tell(
            RetryDenied(
                at=means.now(),
                caller=means.caller,
                callee=means.callee,
                request=wish.call.name,
                attempt=withheld,
                reason=reason,
            )
        )
        return False

    def _plan(self, wish: Wish, delay_s: float) -> int:
        means, attempt = self._means, wish.call.next_attempt()
        means.tell(
            RetryPlanned(
                at=means.now(),
                caller=means.caller,
                callee=means.callee,
                request=wish.call.name,
                attempt=attempt,
                delay_s=delay_s,
            )
        )
        return attempt


class _Race:
    """Copies of one attempt; the first that tells something wins, or the last that failed."""

    def __init__(self) -> None:
        self.running = 0
        self.ending: Ending | None = None
        self.over = trio.Event()

    def ended(self, ending: Ending) -> None:
        self.running -= 1
        if self.ending is None and (not ending.is_passing or self.running == 0):
            self.ending = ending
            self.over.set()


class WithHedge:
    """A second copy when the first is late. One that fails is no reason for another: that is what a retry is for."""

    def __init__(self, hedge: Hedge, means: Means, inner: Layer) -> None:
        self._copies = hedge.copies
        self._hedging = Hedging(hedge)
        self._means = means
        self._inner = inner

    async def __call__(self, wish: Wish) -> Ending:
        if not is_repeatable(wish.call.first):
            return await self._inner(wish)
        race = _Race()
        async with trio.open_nursery() as nursery:
            lost = Ending(result=Result.CANCELLED, detail="another attempt answered first")
            wish = wish.within(nursery.cancel_scope, lost)
            self._start(nursery, race, wish)
            for _ in range(self._copies):
                after_s = self._hedging.after_s()
                with self._means.limit(after_s):
                    await race.over.wait()
                if race.over.is_set():
                    break
                self._start(nursery, race, wish.again(self._hedged(wish, after_s)))
            await race.over.wait()
            nursery.cancel_scope.cancel()
        assert race.ending is not None
        return race.ending

    def _start(self, nursery: trio.Nursery, race: _Race, wish: Wish) -> None:
        race.running += 1
        nursery.start_soon(self._run, race, wish)

    async def _run(self, race: _Race, wish: Wish) -> None:
        began = self._means.now()
        ending: Ending | None = None
        try:
            ending = await self._inner(wish)
        finally:
            if ending is None or ending.result.succeeded:
                self._hedging.took(self._means.now() - began)
        race.ended(ending)

    def _hedged(self, wish: Wish, after_s: float) -> int:
        means, attempt = self._means, wish.call.next_attempt()
        name = wish.call.name
        means.tell(
            CallHedged(at=means.now(), caller=means.caller, callee=means.callee, request=name, attempt=attempt, after_s=after_s)
        )
        return attempt


class WithThrottle:
    """Held back by chance, the more often the more fail."""

    def __init__(self, throttle: Throttle, means: Means, inner: Layer) -> None:
        self._throttling = Throttling(throttle)
        self._means = means
        self._inner = inner

    async def __call__(self, wish: Wish) -> Ending:
        means, call = self._means, wish.call
        names = (means.caller, means.callee, call.name, call.first.target, wish.attempt)
        if not self._throttling.admits(means.now(), dice.stream(means.seed, "throttle", *names)):
            return means.reject(wish, "throttled")
        ending = await self._inner(wish)
        self._throttling.ended(ending, means.now())
        return ending


class WithRateLimit:
    """In its turn, or not at all."""

    def __init__(self, limit: RateLimit, means: Means, inner: Layer) -> None:
        self._meter = Meter(limit)
        self._means = means
        self._inner = inner

    async def __call__(self, wish: Wish) -> Ending:
        wait_s = self._meter.wait_s(self._means.now())
        if wait_s is None:
            return self._means.reject(wish, "rate limit")
        if wait_s > 0.0:
            with self._means.waiting(wish):
                await self._means.sleep(wait_s)
            wish = wish.later()
        return await self._inner(wish)


class WithBreaker:
    """Not at all while the breaker is open."""

    def __init__(self, breaker: Breaker, means: Means, inner: Layer) -> None:
        self._circuit = Circuit(breaker)
        self._means = means
        self._inner = inner

    async def __call__(self, wish: Wish) -> Ending:
        began = self._means.now()
        permit = self._circuit.admit(began)
        self._tell_changes()
        if permit is None:
            return self._means.reject(wish, "breaker open")
        ending: Ending | None = None
        try:
            ending = await self._inner(wish)
        finally:
            now, told = self._means.now(), ending or wish.why_cut()
            # A time limit further out says as much about the callee as one further in; being given up says nothing.
            if ending is not None or told.result is Result.TIMEOUT:
                self._circuit.ended(permit, told, now - began, now)
            else:
                self._circuit.forget(permit)
            self._tell_changes()
        return ending

    def _tell_changes(self) -> None:
        means, changes = self._means, self._circuit.changes
        while changes:
            one = changes.pop(0)
            means.tell(
                BreakerChanged(
                    at=means.now(),
                    caller=means.caller,
                    callee=means.callee,
                    state=one.state.value,
                    calls=one.calls,
                    failed=one.failed,
                )
            )


class WithBulkhead:
    """In one of so many slots, given back whatever happens."""

    def __init__(self, bulkhead: Bulkhead, means: Means, inner: Layer) -> None:
        self._compartment = Compartment[trio.Event](bulkhead)
        self._means = means
        self._inner = inner

    async def __call__(self, wish: Wish) -> Ending:
        ticket = trio.Event()
        entry = self._compartment.enter(ticket)
        if entry is Entry.FULL:
            return self._means.reject(wish, "bulkhead full")
        try:
            if entry is Entry.WAIT:
                with self._means.waiting(wish):
                    await ticket.wait()
                wish = wish.later()
            return await self._inner(wish)
        finally:
            if not self._compartment.withdraw(ticket):
                next_ticket = self._compartment.leave()
                if next_ticket is not None:
                    next_ticket.set()
