"""A small language for tests of callers: what the callee will do, call by call, and a transcript of what was told."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import trio

from chaoscli.events import (
    BreakerChanged,
    CacheServed,
    CallEnded,
    CallHedged,
    CallRejected,
    CallStarted,
    Event,
    FallbackServed,
    RetryDenied,
    RetryPlanned,
)
from chaoscli.messages import REQUEST_ID, CallError, Request, Response, Result
from chaoscli.resilience.attempt import Limit
from chaoscli.resilience.call import Caller
from chaoscli.resilience.policy import Breaker, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """After ``after_s`` the callee answers with ``status``, or the call breaks by ``result``."""

    after_s: float = 0.0
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    result: Result | None = None


@dataclass(kw_only=True)
class Stage:
    """A callee with a script (its last act repeats), a caller with a policy, and everything told, as lines of text."""

    script: Sequence[Act]
    policy: Policy
    seed: int = 7
    sleep: Callable[[float], Awaitable[None]] = trio.sleep
    limit: Limit = trio.move_on_after
    lines: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = trio.current_time()
        self._caller = Caller(
            caller="order",
            callee="inventory",
            policy=self.policy,
            exchange=self._exchange,
            sleep=self.sleep,
            limit=self.limit,
            now=self.now,
            seed=self.seed,
            tell=self._tell,
        )

    def now(self) -> float:
        return trio.current_time() - self._began

    async def call(
        self, name: str = "r1", method: str = "GET", target: str = "/check", *, until: float = math.inf, number: int = 1
    ) -> str:
        """How the call came out, as the service that made it sees it."""
        try:
            response = await self._caller.call(self._prepare(name, method, target), until=until, number=number)
        except CallError as error:
            return f"{error.result.value}: {error.detail}"
        return f"{response.status} {response.body.decode()} {dict(response.headers)}"

    def _prepare(self, name: str, method: str, target: str) -> Callable[[int], Request]:
        def prepare(attempt: int) -> Request:
            headers = ((REQUEST_ID, name), ("x-attempt", str(attempt)), ("x-sent-at", f"{self.now():.3f}"))
            return Request(method=method, target=target, headers=headers)

        return prepare

    async def _exchange(self, request: Request) -> Response:
        act = self.script[min(len(self.requests), len(self.script) - 1)]
        self.requests.append(request)
        await self.sleep(act.after_s)
        if act.result is not None:
            raise CallError(act.result, "the script says so")
        return Response(status=act.status, headers=act.headers, body=act.body)

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        self.lines.append(told(event))


def told(event: Event) -> str:
    """One event as a line: when, for which request, what."""
    match event:
        case CallStarted():
            what = f"try {event.attempt} {event.target}"
        case CallEnded():
            what = f"try {event.attempt} {event.result.value} {event.status} after {event.seconds:.3f} ({event.detail})"
        case RetryPlanned():
            what = f"try {event.attempt} planned in {event.delay_s:.3f}"
        case RetryDenied():
            what = f"try {event.attempt} denied: {event.reason}"
        case CallRejected():
            what = f"try {event.attempt} rejected: {event.reason}"
        case FallbackServed(source="last good"):
            what = f"fallback after {event.result.value}, {event.age_s:.3f} old"
        case FallbackServed():
            what = f"fallback after {event.result.value}, {event.source}"
        case CallHedged():
            what = f"try {event.attempt} hedged after {event.after_s:.3f}"
        case CacheServed():
            what = f"from the cache, {event.source}, {event.age_s:.3f} old"
        case BreakerChanged():
            assert (event.caller, event.callee) == ("order", "inventory")
            return f"{event.at:.3f} breaker {event.state} ({event.calls} calls, {event.failed:.0%} failed)"
        case _:
            raise AssertionError(event)
    assert (event.caller, event.callee) == ("order", "inventory")
    return f"{event.at:.3f} {event.request} {what}"


REFUSED = Act(result=Result.REFUSED)
DOWN = Act(status=503)
LATER = Act(after_s=9.0)
# Opens after two failures, and tries one call a second later.
QUICK = Breaker(calls=4, at_least=2, open_for=1.0, trials=1)


async def together(stage: Stage, *names: str, apart_s: float = 0.001) -> list[str]:
    """Calls that begin one just after another: how each came out, in the order of their ends."""
    ends: list[str] = []

    async def call(number: int, name: str) -> None:
        await trio.sleep(apart_s * number)
        ends.append(f"{name} {await stage.call(name)}")

    async with trio.open_nursery() as nursery:
        for number, name in enumerate(names):
            nursery.start_soon(call, number, name)
    return ends
