"""One caller at one callee, under a policy: the only file here that waits.

From the outside in: fallback (the last good answer when all tries failed), retry (with pauses, and a budget that may deny
it), bulkhead (a slot for each attempt, given back during the pauses), timeout (of each attempt, counted from the
sending and not from the waiting for a slot). The deciders beside this file say what; this file does it, and tells each step.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import trio

from chaoscli import dice
from chaoscli.events import CallEnded, CallRejected, CallStarted, Event, FallbackServed, RetryDenied, RetryPlanned
from chaoscli.messages import REQUEST_ID, CallError, Request, Response, Result
from chaoscli.resilience.backoff import pause_s
from chaoscli.resilience.budget import Budget
from chaoscli.resilience.bulkhead import Compartment, Entry
from chaoscli.resilience.fallback import LastGood, is_fallback
from chaoscli.resilience.policy import Policy
from chaoscli.resilience.retry import is_passing, wants_retry
from chaoscli.units import format_duration

Prepare = Callable[[int], Request]
Limit = Callable[[float], AbstractContextManager[trio.CancelScope]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How one attempt ended."""

    result: Result
    detail: str = ""
    response: Response | None = None

    @property
    def status(self) -> int:
        return self.response.status if self.response else 0


class Caller:
    """Calls of ``caller`` to ``callee``. It keeps what outlives a call: the budget, the slots in use, the last good answers.

    ``exchange`` carries one request and brings its answer, or raises CallError; ``sleep`` takes seconds, and so does
    ``limit``, which cancels what takes longer; ``now`` is the monotonic clock that events are stamped with.
    """

    def __init__(
        self,
        *,
        caller: str,
        callee: str,
        policy: Policy,
        exchange: Callable[[Request], Awaitable[Response]],
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], float],
        seed: int,
        tell: Callable[[Event], None],
        limit: Limit = trio.move_on_after,
    ) -> None:
        self._caller = caller
        self._callee = callee
        self._policy = policy
        self._exchange = exchange
        self._sleep = sleep
        self._now = now
        self._seed = seed
        self._tell = tell
        self._limit = limit
        retry = policy.retry
        self._budget = Budget(retry.budget) if retry is not None and retry.budget is not None else None
        self._compartment = Compartment[trio.Event](policy.bulkhead) if policy.bulkhead is not None else None
        self._last_good = LastGood() if policy.fallback == "last_good" else None

    async def call(self, prepare: Prepare) -> Response:
        """The answer, whatever its status; CallError when none came, or when the policy let no attempt out.

        ``prepare(attempt)`` makes the request of attempt number ``attempt`` (from 1), with a span and a time of sending of its
        own; it may be asked twice for an attempt that had to wait for a slot. An answer that is not the callee's own says
        so in its ``x-served-as`` header.
        """
        attempt = 1
        request = prepare(attempt)
        if self._budget is not None:
            self._budget.first_try()
        ending = await self._attempt(attempt, prepare, request)
        while self._goes_on(request, attempt, ending):
            attempt += 1
            await self._pause(request, attempt)
            request = prepare(attempt)
            ending = await self._attempt(attempt, prepare, request)
        return self._settle(request, ending)

    # -- fallback ----------------------------------------------------------------------------------------------------------

    def _settle(self, request: Request, ending: _Ending) -> Response:
        if self._last_good is not None and is_passing(ending.result, ending.status):
            known = self._last_good.recall(request, self._now())
            if known is not None:
                self._tell(
                    FallbackServed(
                        at=self._now(),
                        caller=self._caller,
                        callee=self._callee,
                        request=request.header(REQUEST_ID),
                        result=ending.result,
                        age_s=known.age_s,
                    )
                )
                return known.response
        if ending.response is None:
            raise CallError(ending.result, ending.detail)
        if self._last_good is not None:
            self._last_good.remember(request, ending.response, self._now())
        return ending.response

    # -- retry -------------------------------------------------------------------------------------------------------------

    def _goes_on(self, request: Request, attempt: int, ending: _Ending) -> bool:
        """There will be another attempt after number ``attempt``, and it is paid for."""
        if not wants_retry(self._policy.retry, attempt, ending.result, ending.status):
            return False
        if self._budget is None or self._budget.spend():
            return True
        self._tell(
            RetryDenied(
                at=self._now(),
                caller=self._caller,
                callee=self._callee,
                request=request.header(REQUEST_ID),
                attempt=attempt + 1,
                reason="budget spent",
            )
        )
        return False

    async def _pause(self, request: Request, attempt: int) -> None:
        retry = self._policy.retry
        assert retry is not None
        name = request.header(REQUEST_ID)
        # A stream for each attempt: how many draws an earlier pause took must not matter.
        rng = dice.stream(self._seed, "retry", self._caller, self._callee, name, request.target, attempt)
        delay_s = pause_s(retry, attempt, rng)
        self._tell(
            RetryPlanned(at=self._now(), caller=self._caller, callee=self._callee, request=name, attempt=attempt, delay_s=delay_s)
        )
        await self._sleep(delay_s)

    # -- bulkhead ----------------------------------------------------------------------------------------------------------

    async def _attempt(self, attempt: int, prepare: Prepare, request: Request) -> _Ending:
        compartment = self._compartment
        if compartment is None:
            return await self._send(attempt, request)
        ticket = trio.Event()
        entry = compartment.enter(ticket)
        if entry is Entry.FULL:
            return self._rejected(attempt, request)
        try:
            if entry is Entry.WAIT:
                await ticket.wait()
                request = prepare(attempt)  # its time of sending is now
            return await self._send(attempt, request)
        finally:
            if not compartment.withdraw(ticket):
                next_ticket = compartment.leave()
                if next_ticket is not None:
                    next_ticket.set()

    def _rejected(self, attempt: int, request: Request) -> _Ending:
        self._tell(
            CallRejected(
                at=self._now(),
                caller=self._caller,
                callee=self._callee,
                request=request.header(REQUEST_ID),
                attempt=attempt,
                reason="bulkhead full",
            )
        )
        return _Ending(result=Result.REFUSED, detail=f"bulkhead full: no call to {self._callee} was made")

    # -- timeout -----------------------------------------------------------------------------------------------------------

    async def _send(self, attempt: int, request: Request) -> _Ending:
        started = self._now()
        name = request.header(REQUEST_ID)
        self._tell(
            CallStarted(
                at=started, caller=self._caller, callee=self._callee, request=name, attempt=attempt, target=request.target
            )
        )
        ending = _Ending(result=Result.UNANSWERED, detail="given up from outside")
        try:
            ending = await self._within_timeout(request)
        finally:
            now = self._now()
            self._tell(
                CallEnded(
                    at=now,
                    caller=self._caller,
                    callee=self._callee,
                    request=name,
                    attempt=attempt,
                    result=ending.result,
                    seconds=now - started,
                    status=ending.status,
                    detail=ending.detail,
                )
            )
        return ending

    async def _within_timeout(self, request: Request) -> _Ending:
        timeout_s = math.inf if self._policy.timeout is None else self._policy.timeout
        with self._limit(timeout_s):
            try:
                response = await self._exchange(request)
            except CallError as error:
                return _Ending(result=error.result, detail=error.detail)
            return _Ending(result=_result(response), response=response)
        return _Ending(result=Result.TIMEOUT, detail=f"no answer within {format_duration(timeout_s)}")


def _result(response: Response) -> Result:
    if response.status >= 400:
        return Result.FAILED
    return Result.FALLBACK if is_fallback(response) else Result.OK
