"""The layers that may keep an attempt in: by chance, by rate, because calls keep failing, or because too many are out."""

from __future__ import annotations

import trio

from chaoscli import dice
from chaoscli.events import BreakerChanged
from chaoscli.messages import Result
from chaoscli.resilience.attempt import Layer, Means, Wish
from chaoscli.resilience.breaker import Circuit
from chaoscli.resilience.bulkhead import Compartment, Entry
from chaoscli.resilience.ending import Ending
from chaoscli.resilience.policy import Breaker, Bulkhead, RateLimit, Throttle
from chaoscli.resilience.rate_limit import Meter
from chaoscli.resilience.throttle import Throttling


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
