"""One attempt, and how long it may take: what every layer hands on to the next, and the innermost of them."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import trio

from chaoscli.events import CallEnded, CallRejected, CallStarted, Event
from chaoscli.messages import REQUEST_ID, CallError, Request, Response, Result
from chaoscli.resilience.deadline import deadline_headers
from chaoscli.resilience.ending import Ending, answered
from chaoscli.resilience.idempotency import with_key
from chaoscli.resilience.policy import Policy

Prepare = Callable[[int], Request]
Limit = Callable[[float], AbstractContextManager[trio.CancelScope]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the layers of one caller at one callee act with."""

    caller: str
    callee: str
    policy: Policy
    exchange: Callable[[Request], Awaitable[Response]]
    sleep: Callable[[float], Awaitable[None]]
    limit: Limit
    now: Callable[[], float]
    seed: int
    tell: Callable[[Event], None]

    @contextmanager
    def waiting(self, wish: Wish) -> Iterator[None]:
        """Around a wait for something of our own: an attempt that a time limit ends there was never sent, and it is told."""
        try:
            yield
        except trio.Cancelled:
            if wish.why_cut().result is Result.TIMEOUT:
                self.reject(wish, "deadline passed")
            raise

    def reject(self, wish: Wish, reason: str, result: Result = Result.REFUSED) -> Ending:
        """The own policy lets this attempt not out: told, and ended."""
        name, attempt = wish.call.name, wish.attempt
        self.tell(
            CallRejected(at=self.now(), caller=self.caller, callee=self.callee, request=name, attempt=attempt, reason=reason)
        )
        return Ending(result=result, detail=f"{reason}: no call to {self.callee} was made", rejected=True)


class Call:
    """What all attempts at one answer have in common."""

    def __init__(self, prepare: Prepare, means: Means, number: int) -> None:
        self._prepare = prepare
        self._means = means
        self._number = number
        self.attempts = 1
        self.first = self.prepared(1)
        self.name = self.first.header(REQUEST_ID)

    def next_attempt(self) -> int:
        self.attempts += 1
        return self.attempts

    def prepared(self, attempt: int) -> Request:
        request = self._prepare(attempt)
        return with_key(request, self._means.callee, self._number) if self._means.policy.idempotency_key else request


@dataclass(frozen=True, slots=True)
class Cut:
    """A scope that may cut an attempt short, and how the attempt has ended then."""

    scope: trio.CancelScope
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Attempt number ``attempt`` at an answer that is wanted until the instant ``until``. ``request`` is its own, as long as
    nothing was waited for since it was prepared; ``cuts`` are what may cut it short, the outermost first."""

    call: Call
    attempt: int
    until: float
    request: Request | None
    cuts: tuple[Cut, ...] = ()

    def again(self, attempt: int) -> Wish:
        return replace(self, attempt=attempt, request=None)

    def later(self) -> Wish:
        """The same attempt after some waiting: its time of sending is not what it was."""
        return replace(self, request=None)

    def within(self, scope: trio.CancelScope, ending: Ending, until: float = math.inf) -> Wish:
        cuts = (*self.cuts, Cut(scope, ending))
        # In full: `replace` takes three times as long, and every call with a timeout comes by.
        return Wish(call=self.call, attempt=self.attempt, until=min(self.until, until), request=self.request, cuts=cuts)

    def why_cut(self) -> Ending:
        """How an attempt ended that did not come back."""
        known = (cut.ending for cut in self.cuts if cut.scope.cancel_called)
        return next(known, Ending(result=Result.UNANSWERED, detail="given up from outside"))


class Layer(Protocol):
    """Brings what is wished for, with the help of the layer inside it. Never raises CallError: that is an ending."""

    async def __call__(self, wish: Wish) -> Ending: ...


class Attempt:
    """The innermost: sends the request, and tells its start and its end, whatever ends it."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def __call__(self, wish: Wish) -> Ending:
        means, started = self._means, self._means.now()
        request = wish.request or wish.call.prepared(wish.attempt)
        if means.policy.pass_deadline:
            request = replace(request, headers=(*request.headers, *deadline_headers(wish.until - started)))
        who = {"caller": means.caller, "callee": means.callee, "request": wish.call.name}
        means.tell(CallStarted(at=started, **who, attempt=wish.attempt, target=request.target))
        ending: Ending | None = None
        try:
            ending = await self._exchanged(request)
        finally:
            told, now = ending or wish.why_cut(), means.now()
            means.tell(
                CallEnded(
                    at=now,
                    **who,
                    attempt=wish.attempt,
                    result=told.result,
                    seconds=now - started,
                    status=told.status,
                    detail=told.detail,
                )
            )
        return ending

    async def _exchanged(self, request: Request) -> Ending:
        try:
            return answered(await self._means.exchange(request))
        except CallError as error:
            return Ending(result=error.result, detail=error.detail)
