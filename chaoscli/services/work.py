"""A node's capacity: so many workers, so much time for each piece of work, so many requests waiting, and who is let in at all.

A worker is held for the whole handling, calls onward included, as in a server with a thread for each request: that is how
one hung dependency fills all of them. A worker that sleeps is enough; it need not burn the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Literal

import trio

from chaoscli.events import HUNG_UP, Answered, Arrived, LimitChanged, Refused
from chaoscli.messages import ATTEMPT, CALLER, REQUEST_ID, RETRY_AFTER, SENT_AT, TRACE_PARENT, Headers, Request, Response
from chaoscli.resilience.concurrency import Concurrency, Sample, limiter_of
from chaoscli.resilience.deadline import expires_at
from chaoscli.resilience.waiting_line import WaitingLine
from chaoscli.services.entrance import Entrance
from chaoscli.services.node import Node
from chaoscli.services.replies import reply, whole_number
from chaoscli.settings import setting
from chaoscli.units import Seconds

# The lognormal's shape: its p99 is 3.2 times its median, as of a healthy service with some slow queries.
LOGNORMAL_SIGMA = 0.5
# A limit that finds itself moves with every answer; smaller steps than this would be most of a recording.
LEAST_STEP_TOLD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(Entrance):
    """What a node can do at once. The defaults serve 3200 requests a second: no bottleneck unless asked to be one."""

    # A thread pool's usual size is ten times this (Tomcat 200); in a play of seconds and tens of requests a second the
    # smaller number is what a hung dependency can be seen to fill.
    workers: int = setting("requests worked on at once", 16, minimum=1)
    # A warm service with a database answers within milliseconds; longer than the proxy's own delay by two orders.
    service_time: Seconds = setting("how long one piece of work takes, on average", 0.005)
    distribution: Literal["constant", "exponential", "lognormal"] = setting("how the times of work are spread", "constant")
    # Tomcat's accept queue; four to six seconds of a slow node's work, past which no caller is still there.
    queue: int = setting("requests that may wait for a worker; more are answered 503", 100)
    # First come, first served is what servers do; the others are what saves them under overload.
    discipline: Literal["fifo", "lifo"] = setting(
        "who is next: fifo, the one that waited longest; lifo, the latest, and a full queue turns its oldest away", "fifo"
    )
    drop_expired: bool = setting("answer 504 instead of working on what nobody waits for any more, by its x-deadline", False)
    # First come, first served under overload, whoever is next has waited until just before his deadline, and is answered just
    # after it: dropping what has expired, and no more than that, answers nobody in time.
    time_needed: Seconds = setting("with drop_expired: the work takes so long; what has less time left is dropped as well", 0.0)
    concurrency: Concurrency | None = setting("bound the requests inside, waiting or worked on; more are answered 503", None)
    retry_after: Seconds | None = setting("tell those who are turned away to come back after this long, in whole seconds", None)
    # HTTP/1.1 has no word for it but a closed connection, which most servers notice when they write the answer. gRPC cancels,
    # and so does Go's net/http, if the handler looks.
    heed_hangups: bool = setting("stop working on a request whose caller has closed the connection", False)
    hiccup_every: int | None = setting(
        "one piece of work in so many takes longer, as when garbage is collected; none never", None, minimum=1
    )
    hiccup: Seconds = setting("with hiccup_every: how much longer that one takes", 0.5)


Handle = Callable[[Request], Awaitable[Response]]


class _Ticket:
    """One request waiting for a worker: it will have one, or ``refused`` says why not."""

    def __init__(self, expires_at: float) -> None:
        self.expires_at = expires_at
        self.called = trio.Event()
        self.refused = ""

    def refuse(self, reason: str) -> None:
        self.refused = reason
        self.called.set()


class Workers:
    """The pool, the line before it, and the limit before both."""

    def __init__(self, node: Node, capacity: Capacity) -> None:
        self.capacity = capacity
        self.arrived = 0
        self.refused = 0
        self.answered: dict[int, int] = {}
        self.busy = 0
        self._node = node
        self._line = WaitingLine[_Ticket](capacity.queue, capacity.discipline, drops_expired=capacity.drop_expired)
        self._limiter = limiter_of(capacity.concurrency) if capacity.concurrency is not None else None
        self._limit_told = self._limiter.limit if self._limiter is not None else 0
        self._worked = 0.0  # pieces of work begun

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def limit(self) -> int | None:
        """How many requests are let in at once; None when only workers and queue bound them."""
        return None if self._limiter is None else self._limiter.limit

    async def do(self, request: Request, cost: float, handle: Handle) -> Response:
        """Have a worker do ``cost`` pieces of work and then ``handle`` the request, telling arrival, refusal and answer.

        503 when there is no place for it, 504 when its deadline passed first, 500 for an exception of ``handle``, which is noted.
        """
        node = self._node
        arrived_at = self._arrive(request)
        if self.limit is not None and self.busy + self.waiting >= self.limit:
            return self._refuse(request, "limit reached", arrived_at)
        refused = await self._take(request)
        if refused:
            return self._refuse(request, refused, arrived_at)
        started_at = node.now()
        own_s = 0.0
        try:
            await self.work(request, cost)
            own_s = node.now() - started_at
            response = await handle(request)
        except Exception as error:  # a bug in one request must not take the node with it
            node.note(f"{request.method} {request.target} of {request.header(REQUEST_ID)}: {error!r}", "error")
            response = reply(500, {"error": "internal error"})
        finally:
            self._learn(arrived_at)
            self._give_back()
        self._answer(request, response, queued_s=started_at - arrived_at, worked_s=node.now() - started_at, own_s=own_s)
        return response

    # -- the line ----------------------------------------------------------------------------------------------------------

    async def _take(self, request: Request) -> str:
        """Wait for a worker, in line. Empty when there is one, otherwise why there will be none."""
        ticket = _Ticket(expires_at(request))
        self._turn_away_expired()
        if self.capacity.drop_expired and ticket.expires_at <= self._earliest_end():
            return "expired"
        if self.busy < self.capacity.workers:
            self.busy += 1
            return ""
        left_out = self._line.join(ticket)
        if left_out is not None:
            left_out.refuse("queue full")
        try:
            await ticket.called.wait()
        except BaseException:
            if not self._line.leave(ticket) and not ticket.refused:
                self._give_back()  # a worker was just on its way
            raise
        return ticket.refused

    def _give_back(self) -> None:
        """The worker goes to the next in line at once, never falling free in between."""
        self._turn_away_expired()
        ticket = self._line.next()
        if ticket is None:
            self.busy -= 1
        else:
            ticket.called.set()

    def _turn_away_expired(self) -> None:
        for ticket in self._line.expired(self._earliest_end()):
            ticket.refuse("expired")

    def _earliest_end(self) -> float:
        return self._node.now() + self.capacity.time_needed

    # -- the limit ---------------------------------------------------------------------------------------------------------

    def _learn(self, arrived_at: float, *, dropped: bool = False) -> None:
        """A request is over, and was inside from ``arrived_at`` on."""
        limiter = self._limiter
        if limiter is None:
            return
        now = self._node.now()
        inside = self.busy + self.waiting
        limiter.ended(Sample(began=arrived_at, seconds=now - arrived_at, inside=inside, dropped=dropped), now)
        before = self._limit_told
        if abs(limiter.limit - before) >= max(1.0, before * LEAST_STEP_TOLD):
            self._limit_told = limiter.limit
            self._node.tell(LimitChanged(at=now, node=self._node.name, limit=limiter.limit, before=before))

    # -- the work ----------------------------------------------------------------------------------------------------------

    async def work(self, request: Request, cost: float) -> None:
        """Take as long as so many pieces of work do for this request, worker or not. Dice are keyed by the very call, so that a
        retry's work is a new draw and a policy shifts nobody else's."""
        seconds = work_s(self.capacity, cost, partial(self._dice, request)) * self._node.slower_by + self._hiccups_s(cost)
        if seconds > 0.0:
            await self._node.sleep(seconds)

    def _dice(self, request: Request) -> Random:
        names = [request.header(name) for name in (REQUEST_ID, CALLER, ATTEMPT, TRACE_PARENT)]
        return self._node.random("service time", *names)

    def _hiccups_s(self, cost: float) -> float:
        """What so many pieces of work take longer because one in ``hiccup_every`` of all does."""
        every, before = self.capacity.hiccup_every, self._worked
        self._worked += cost
        return 0.0 if every is None else (self._worked // every - before // every) * self.capacity.hiccup

    def hung_up(self, request: Request) -> None:
        """Told once the work on it has stopped, by a node that heeds it."""
        node = self._node
        node.tell(
            Refused(
                at=node.now(),
                node=node.name,
                caller=request.header(CALLER),
                request=request.header(REQUEST_ID),
                attempt=_attempt(request),
                reason=HUNG_UP,
            )
        )

    def _arrive(self, request: Request) -> float:
        self.arrived += 1
        node, at = self._node, self._node.now()
        node.tell(
            Arrived(
                at=at,
                node=node.name,
                caller=request.header(CALLER),
                request=request.header(REQUEST_ID),
                attempt=_attempt(request),
                queue=self.waiting,
                busy=self.busy,
                sent_wall_s=_sent_at(request),
                received_wall_s=node.clock.time(),
            )
        )
        return at

    def _refuse(self, request: Request, reason: str, arrived_at: float) -> Response:
        self.refused += 1
        node, at = self._node, self._node.now()
        node.tell(
            Refused(
                at=at,
                node=node.name,
                caller=request.header(CALLER),
                request=request.header(REQUEST_ID),
                attempt=_attempt(request),
                reason=reason,
                queued_s=at - arrived_at,
            )
        )
        if reason == "expired":
            self._learn(arrived_at, dropped=True)
            return reply(504, {"error": "deadline passed"})
        return reply(503, {"error": reason}, self._come_back())

    def _come_back(self) -> Headers:
        after_s = self.capacity.retry_after
        # RFC 9110, section 10.2.3, has no fractions; earlier than meant would be worse than later.
        return () if after_s is None else ((RETRY_AFTER, str(math.ceil(after_s))),)

    def _answer(self, request: Request, response: Response, *, queued_s: float, worked_s: float, own_s: float) -> None:
        self.answered[response.status] = self.answered.get(response.status, 0) + 1
        node = self._node
        node.tell(
            Answered(
                at=node.now(),
                node=node.name,
                caller=request.header(CALLER),
                request=request.header(REQUEST_ID),
                attempt=_attempt(request),
                status=response.status,
                queued_s=queued_s,
                worked_s=worked_s,
                own_s=own_s,
            )
        )


def work_s(capacity: Capacity, cost: float, rng: Callable[[], Random]) -> float:
    """Seconds that ``cost`` pieces of work take together. Every distribution has ``service_time`` as its mean.

    ``rng`` is asked for dice only where some are rolled.
    """
    mean_s = capacity.service_time * cost
    if mean_s <= 0.0 or capacity.distribution == "constant":
        return mean_s
    if capacity.distribution == "exponential":
        return rng().expovariate(1.0 / mean_s)
    # The mean of a lognormal is exp(mu + sigma^2 / 2).
    return rng().lognormvariate(math.log(mean_s) - LOGNORMAL_SIGMA**2 / 2, LOGNORMAL_SIGMA)


def _attempt(request: Request) -> int:
    return whole_number(request.header(ATTEMPT)) or 1


def _sent_at(request: Request) -> float:
    """The sender's wall clock; 0 when it sent none, or nonsense."""
    try:
        sent = float(request.header(SENT_AT, "0"))
    except ValueError:
        return 0.0
    return sent if math.isfinite(sent) else 0.0
