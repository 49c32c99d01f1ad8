"""A node's capacity: so many workers, so much time for each piece of work, so many requests waiting.

A worker is held for the whole handling, calls onward included, as in a server with a thread for each request: that is how
one hung dependency fills all of them. A worker that sleeps is enough; it need not burn the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

import trio

from chaoscli.events import Answered, Arrived, Refused
from chaoscli.messages import ATTEMPT, CALLER, REQUEST_ID, SENT_AT, TRACE_PARENT, Request, Response
from chaoscli.services.node import Node
from chaoscli.services.replies import reply, whole_number
from chaoscli.settings import setting
from chaoscli.units import Seconds

# The lognormal's shape: its p99 is 3.2 times its median, as of a healthy service with some slow queries.
LOGNORMAL_SIGMA = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a node can do at once. The defaults serve 3200 requests a second: no bottleneck unless asked to be one."""

    # A thread pool's usual size is ten times this (Tomcat 200); in a play of seconds and tens of requests a second the
    # smaller number is what a hung dependency can be seen to fill.
    workers: int = setting("requests worked on at once", 16, minimum=1)
    # A warm service with a database answers within milliseconds; longer than the proxy's own delay by two orders.
    service_time: Seconds = setting("how long one piece of work takes, on average", 0.005)
    distribution: Literal["constant", "exponential", "lognormal"] = setting("how the times of work are spread", "constant")
    # Tomcat's accept queue; four to six seconds of a slow node's work, past which no caller is still there.
    queue: int = setting("requests that may wait for a worker; more are answered 503", 100)


Handle = Callable[[Request], Awaitable[Response]]


class Workers:
    """The pool: first come, first served; a full queue refuses."""

    def __init__(self, node: Node, capacity: Capacity) -> None:
        self.capacity = capacity
        self.arrived = 0
        self.refused = 0
        self.answered: dict[int, int] = {}
        self.waiting = 0
        self.busy = 0
        self._node = node
        self._free = trio.Semaphore(capacity.workers)

    async def do(self, request: Request, cost: float, handle: Handle) -> Response:
        """Have a worker do ``cost`` pieces of work and then ``handle`` the request, telling arrival, refusal and answer.

        503 when the queue is full, 500 for an exception of ``handle``, which is noted.
        """
        node = self._node
        arrived_at = self._arrive(request)
        if self.busy >= self.capacity.workers and self.waiting >= self.capacity.queue:
            return self._refuse(request)
        await self._take()
        started_at = node.now()
        own_s = 0.0
        try:
            await self._work(request, cost)
            own_s = node.now() - started_at
            response = await handle(request)
        except Exception as error:  # a bug in one request must not take the node with it
            node.note(f"{request.method} {request.target} of {request.header(REQUEST_ID)}: {error!r}", "error")
            response = reply(500, {"error": "internal error"})
        finally:
            self.busy -= 1
            self._free.release()
        self._answer(request, response, queued_s=started_at - arrived_at, worked_s=node.now() - started_at, own_s=own_s)
        return response

    async def _take(self) -> None:
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.busy += 1

    async def _work(self, request: Request, cost: float) -> None:
        """Dice are keyed by the very call, so that a retry's work is a new draw and a policy shifts nobody else's."""
        names = [request.header(name) for name in (REQUEST_ID, CALLER, ATTEMPT, TRACE_PARENT)]
        seconds = work_s(self.capacity, cost, self._node.random("service time", *names)) * self._node.slower_by
        if seconds > 0.0:
            await self._node.sleep(seconds)

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

    def _refuse(self, request: Request) -> Response:
        self.refused += 1
        node = self._node
        caller, name = request.header(CALLER), request.header(REQUEST_ID)
        node.tell(
            Refused(at=node.now(), node=node.name, caller=caller, request=name, attempt=_attempt(request), reason="queue full")
        )
        return reply(503, {"error": "queue full"})

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


def work_s(capacity: Capacity, cost: float, rng: Random) -> float:
    """Seconds that ``cost`` pieces of work take together. Every distribution has ``service_time`` as its mean."""
    mean_s = capacity.service_time * cost
    if mean_s <= 0.0 or capacity.distribution == "constant":
        return mean_s
    if capacity.distribution == "exponential":
        return rng.expovariate(1.0 / mean_s)
    # The mean of a lognormal is exp(mu + sigma^2 / 2).
    return rng.lognormvariate(math.log(mean_s) - LOGNORMAL_SIGMA**2 / 2, LOGNORMAL_SIGMA)


def _attempt(request: Request) -> int:
    return whole_number(request.header(ATTEMPT)) or 1


def _sent_at(request: Request) -> float:
    """The sender's wall clock; 0 when it sent none, or nonsense."""
    try:
        sent = float(request.header(SENT_AT, "0"))
    except ValueError:
        return 0.0
    return sent if math.isfinite(sent) else 0.0
