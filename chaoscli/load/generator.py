"""Offers a load: starts each request when its schedule says, whatever became of the ones before, and tells how each ended.
Users, the closed model, follow no schedule: each asks again when it has had its answer and thought.

Latency counts from the intended start, so that a stall of this very process shows instead of hiding (coordinated omission;
Gil Tene, "How NOT to Measure Latency"). How late a request really went out is ``at - intended_at`` of its RequestStarted.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial

import trio

from chaoscli.events import Event, RequestEnded, RequestSkipped, RequestStarted
from chaoscli.load.course import ends_at, pacer_of
from chaoscli.load.crowd import pauses_s
from chaoscli.load.mix import Mix
from chaoscli.load.pacer import Pacer
from chaoscli.load.settings import Load
from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.resilience.attempt import Limit, Prepare
from chaoscli.resilience.call import Caller
from chaoscli.resilience.ending import is_fallback
from chaoscli.resilience.policy import Policy
from chaoscli.settings import from_plain
from chaoscli.topology import NodeSpec
from chaoscli.tracing import call_headers
from chaoscli.units import PerSecond


class Generator:
    """One load of one play: ``run`` it, ``play`` it when the curtain goes up, ``drain`` it at the end.

    ``call`` is how requests are sent to a callee (a Caller's); ``now`` the monotonic clock that events are stamped with, in the
    same seconds as trio's own; ``wall`` the sender's wall clock.
    """

    def __init__(
        self,
        *,
        name: str,
        load: Load,
        pacer: Pacer,
        lasts_s: float,
        call: Callable[[str, Prepare], Awaitable[Response]],
        now: Callable[[], float],
        wall: Callable[[], float],
        seed: int,
        tell: Callable[[Event], None],
    ) -> None:
        self._name = name
        self._load = load
        self._pacer = pacer
        self._ends_s = ends_at(load, lasts_s)
        self._mix = Mix(name, load, seed=seed)
        self._call = call
        self._now = now
        self._wall = wall
        self._seed = seed
        self._tell = tell
        self._epoch = math.inf
        self._in_flight = 0
        self._sent = 0
        self._changed = trio.Event()
        self._closes_at = math.inf
        self._going = trio.Event()
        self._going.set()
        self._closed = trio.Event()
        self._drained = trio.Event()

    def play(self, epoch: float) -> None:
        """The curtain goes up at the instant ``epoch`` of the ``now`` clock, which may be yet to come."""
        self._epoch = epoch
        self._changed.set()

    def change_rate(self, rate: PerSecond | None) -> None:
        """From now on, at another rate; None: at the one that is written. Users know only that: nothing, or as it is written."""
        if rate != 0:
            self._going.set()
        elif self._going.is_set():
            self._going = trio.Event()
        self._pacer.change_rate(max(0.0, self._now() - self._epoch), rate)
        self._changed.set()

    async def drain(self) -> None:
        """Offer nothing due later than now, wait for what is in flight as long as ``load.drain``, and end the rest unanswered."""
        self._closes_at = self._now()
        self._closed.set()
        self._going.set()
        self._changed.set()
        await self._drained.wait()

    async def run(self) -> None:
        """Until drained."""
        with trio.CancelScope() as patience:
            async with trio.open_nursery() as requests:
                await (self._offer(requests) if self._load.users is None else self._gather(requests, self._load.users))
                patience.deadline = trio.current_time() + self._load.drain
        self._drained.set()

    async def _offer(self, requests: trio.Nursery) -> None:
        """Until closed. What was due before that is still offered, however late: a request left out in silence would flatter."""
        while (intended_at := self._next_at()) <= self._closes_at:
            if not await self._comes(intended_at):
                continue
            self._sent += 1
            if self._in_flight < self._load.most_at_once:
                self._in_flight += 1
                requests.start_soon(self._one, self._sent, intended_at)
            else:
                self._skip(self._sent, intended_at)
            self._pacer.step()

    async def _gather(self, requests: trio.Nursery, users: int) -> None:
        """Until closed; from the curtain on so many users come and go."""
        while math.isinf(self._epoch) and not self._closed.is_set():
            await self._comes(math.inf)
        for user in range(users):
            requests.start_soon(self._use, user)
        await self._closed.wait()

    async def _use(self, user: int) -> None:
        """One user: thinks, asks, waits for the answer, and so on until the load ends. A longer wait is no later request of its
        own: that is what makes the model closed, and its latencies kinder than people find them."""
        at = self._epoch + self._load.starts
        for pause_s in pauses_s(self._seed, self._name, self._load, user):
            at += pause_s
            if at >= self._epoch + self._ends_s:
                return
            with trio.move_on_after(max(0.0, at - self._now())):
                await self._closed.wait()
            if not self._going.is_set():
                await self._going.wait()
                at = self._now()
            if self._closed.is_set() or at >= self._epoch + self._ends_s:
                return
            self._sent += 1
            self._in_flight += 1
            await self._one(self._sent, at)
            at = self._now()

    def _next_at(self) -> float:
        """On the ``now`` clock; infinite when nothing is planned, as before the curtain."""
        upcoming = self._pacer.upcoming()
        return math.inf if upcoming is None else self._epoch + upcoming

    async def _comes(self, at: float) -> bool:
        """Wait for the instant ``at``; false when the schedule changed meanwhile."""
        with trio.move_on_after(max(0.0, at - self._now())):
            await self._changed.wait()
        if not self._changed.is_set():
            return True
        self._changed = trio.Event()
        return False

    def _skip(self, n: int, intended_at: float) -> None:
        self._tell(
            RequestSkipped(
                at=self._now(),
                load=self._name,
                request=self._mix.request_id(n),
                intended_at=intended_at,
                in_flight=self._in_flight,
            )
        )

    async def _one(self, n: int, intended_at: float) -> None:
        """Request number ``n``, from its start to its end, told once whatever happens."""
        name = self._mix.request_id(n)
        self._tell(RequestStarted(at=self._now(), load=self._name, request=name, intended_at=intended_at))
        result, status, detail = Result.UNANSWERED, 0, "still in flight at the end"
        try:
            callee = self._mix.asked(n).callee
            response = await self._call(callee, lambda attempt: self._prepared(n, callee, attempt))
            result, status, detail = self._judged(n, response)
        except CallError as error:
            result, detail = error.result, error.detail
        finally:
            self._in_flight -= 1
            now = self._now()
            self._tell(
                RequestEnded(
                    at=now,
                    load=self._name,
                    request=name,
                    intended_at=intended_at,
                    result=result,
                    latency_s=now - intended_at,
                    status=status,
                    detail=detail,
                )
            )

    def _prepared(self, n: int, callee: str, attempt: int) -> Request:
        headers = call_headers(
            seed=self._seed,
            caller=self._name,
            callee=callee,
            request=self._mix.request_id(n),
            attempt=attempt,
            wall_s=self._wall(),
        )
        return self._mix.request(n, headers)

    def _judged(self, n: int, response: Response) -> tuple[Result, int, str]:
        strange = self._mix.strangeness(n, response)
        if strange is not None:
            return Result.FAILED, response.status, strange
        return (Result.FALLBACK if is_fallback(response) else Result.OK), response.status, ""


def generator_of(
    spec: NodeSpec,
    *,
    seed: int,
    lasts_s: float,
    exchange: Callable[[str, Request], Awaitable[Response]],
    sleep: Callable[[float], Awaitable[None]],
    now: Callable[[], float],
    wall: Callable[[], float],
    tell: Callable[[Event], None],
    limit: Limit = trio.move_on_after,
) -> Generator:
    """The generator of a load's node, whose settings are a plain Load and whose calls have the Load's policy. ``exchange`` sends
    one request to one callee."""
    load = from_plain(Load, spec.settings)
    callers = {
        callee: Caller(
            caller=spec.name, callee=callee, policy=from_plain(Policy, policy), exchange=partial(exchange, callee), sleep=sleep,
            now=now, seed=seed, tell=tell, limit=limit,
        )
        for callee, policy in spec.calls.items()
    }  # fmt: skip
    return Generator(
        name=spec.name, load=load, pacer=pacer_of(spec.name, load, lasts_s=lasts_s, seed=seed), lasts_s=lasts_s,
        call=lambda callee, prepare: callers[callee].call(prepare), now=now, wall=wall, seed=seed, tell=tell,
    )  # fmt: skip
