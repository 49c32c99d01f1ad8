"""The layers that send again: after a failure, or beside an attempt whose answer is late."""

from __future__ import annotations

import trio

from chaoscli import dice
from chaoscli.events import CallHedged, RetryDenied, RetryPlanned
from chaoscli.messages import Result
from chaoscli.resilience.attempt import Layer, Means, Wish
from chaoscli.resilience.backoff import pause_s
from chaoscli.resilience.budget import Budget
from chaoscli.resilience.ending import Ending
from chaoscli.resilience.hedge import Hedging, is_repeatable
from chaoscli.resilience.policy import Hedge, Retry
from chaoscli.resilience.retry import retry_after_s, wants_retry


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
