"""Gateway: takes every request in, and hands it to one of the replicas it is joined to.

Which one is for ``balancing.py`` to decide, among those that serve the path, that the registry lists, whose health is good and
that were not ejected. When that leaves nobody, all who serve the path are asked: Envoy calls it panic, and a gateway that
believes everybody ill is more often wrong than right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import (
    IDEMPOTENCY_KEY,
    REQUEST_ID,
    RETRY_AFTER,
    SERVED_AS,
    TRACE_PARENT,
    CallError,
    Request,
    Response,
    Result,
)
from chaoscli.services.balancing import Balance, Balancer, Outliers
from chaoscli.services.base import Service
from chaoscli.services.fields import LONGEST_TEXT
from chaoscli.services.moving import Move, Mover
from chaoscli.services.node import Node
from chaoscli.services.registrar import REGISTRY
from chaoscli.services.replies import json_value, reply
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting
from chaoscli.units import Seconds

# What belongs to the request and its answer and not to one connection. Ids and traces are the calls' own.
PASSED_IN = frozenset({"content-type", "accept", "authorization", IDEMPOTENCY_KEY})
PASSED_OUT = frozenset({"content-type", "allow", RETRY_AFTER, SERVED_AS})
# RFC 9110, 9.2.1: what only reads, so that asking twice, or somebody else as well, changes nothing.
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# RFC 9110, 9.2.2: what may be sent again without asking.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
LONGEST_POLL_S = 1.0
# Everybody's own programs answer the first of these as well.
HEALTH = {"liveness": "/actuator/health", "readiness": "/actuator/health/readiness"}
PAUSE_AFTER_FAILURE_S = 0.1
MOST_WEIGHT = 1000
# A request that has met so many dead replicas is not helped by one more.
MOST_TRIES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings(Capacity):
    """How it chooses. A gateway only waits, so that it has many workers and little to do itself."""

    workers: int = setting("requests worked on at once", 256, minimum=1)
    service_time: Seconds = setting("how long choosing takes, on average", 0.0005)
    balance: Balance = setting(
        "round_robin: one after the other; least_loaded: who has least to do; two_choices: the less loaded of two at random",
        "round_robin",
    )
    weights: Mapping[str, int] | None = setting("shares of the requests, by callee; 1 for those not named, 0 for nothing", None)
    paths: Mapping[str, str] | None = setting("for a callee that does not serve all, how the paths begin that it does", None)
    tries: int = setting("replicas tried for a request that may be sent again, the first included", 1, minimum=1)
    health_every: Seconds | None = setting("ask each replica this often for its health; none believes them well", None)
    probe: Literal["liveness", "readiness"] = setting(
        "liveness: is it there; readiness: do those it calls answer it, and has it room", "liveness"
    )
    unhealthy_after: int = setting("bad answers in a row about its health that leave a replica out", 2, minimum=1)
    eject_after: int | None = setting("failures in a row that leave a replica out for a while; none never does", None, minimum=1)
    eject_for: Seconds = setting("how long it is left out", 1.0)
    move: Move | None = setting("move a path to another callee while requests run, a share of them at a time", None)

    def __post_init__(self) -> None:
        if self.tries > MOST_TRIES:
            raise BadSetting("tries", f"is {self.tries}; {MOST_TRIES} at most")
        if self.health_every is not None and self.health_every <= 0.0:
            raise BadSetting("health_every", "is 0; write `health_every: none` to ask nobody")
        for callee, weight in (self.weights or {}).items():
            if not 0 <= weight <= MOST_WEIGHT:
                raise BadSetting("weights", f"has {weight} for '{callee}'; a weight is from 0 to {MOST_WEIGHT}")
        for callee, path in (self.paths or {}).items():
            if not path.startswith("/"):
                raise BadSetting("paths", f"has '{path}' for {callee}; every path begins with '/'")


class Gateway(Service):
    """All the services it calls are replicas, but ``registry``, which it watches."""

    def __init__(self, node: Node, settings: GatewaySettings) -> None:
        self._node = node
        self._settings = settings
        self._replicas = tuple(name for name in node.callees if name != REGISTRY)
        self._balancer = Balancer(settings.balance, settings.weights or {})
        self._outliers = Outliers(settings.eject_after, settings.eject_for)
        self._mover = Mover(settings.move) if settings.move is not None else None
        self._share = 0.0
        self._ill: set[str] = set()
        self._listed: frozenset[str] | None = None  # until the registry has been heard

    async def handle(self, request: Request) -> Response:
        serving = [name for name in self._replicas if request.path.startswith((self._settings.paths or {}).get(name, "/"))]
        if not serving:
            return reply(404, {"error": f"nobody serves {request.path}"})
        if self._mover is None:
            return await self._of_one(request, serving)
        return await self._moved(self._mover, request, serving)

    async def _of_one(self, request: Request, serving: Sequence[str]) -> Response:
        tried: list[str] = []
        answer: Response | None = None
        while answer is None or (len(tried) < self._settings.tries and _may_go_on(request, answer)):
            chosen = self._choose(request, [name for name in serving if name not in tried], number=len(tried))
            if chosen is None:
                break
            tried.append(chosen)
            answer = await self._ask(chosen, request, number=len(tried))
        return answer or reply(503, {"error": f"nobody takes {request.path}"})

    async def run(self, workers: Workers) -> None:
        async with trio.open_nursery() as nursery:
            if REGISTRY in self._node.callees:
                nursery.start_soon(self._watch)
            if self._settings.health_every is not None:
                for name in self._replicas:
                    nursery.start_soon(self._look_after, name, self._settings.health_every)

    # -- moving ------------------------------------------------------------------------------------------------------------

    async def _moved(self, mover: Mover, request: Request, serving: Sequence[str]) -> Response:
        """The answer of the old ones or of the new one, as far as the move has come."""
        new, old = mover.move.to, [name for name in serving if name != mover.move.to]
        if not old or new not in serving or not request.path.startswith(mover.move.path):
            return await self._of_one(request, old or serving)
        share = mover.share(self._node.now())
        self._tell_share(new, share)
        names = request.header(REQUEST_ID), request.header(TRACE_PARENT)
        if share < 1.0 and self._node.random("move", *names).random() >= share:
            return await self._of_one(request, old)
        if mover.compares(share) and request.method in READING:
            return await self._compared(mover, request, old)
        return await self._of_one(request, [new])

    async def _compared(self, mover: Mover, request: Request, old: Sequence[str]) -> Response:
        """The new one's answer if it is the same as the old one's, which is waited for as well; else that."""
        answers: dict[str, Response] = {}

        async def ask(who: str, serving: Sequence[str]) -> None:
            answers[who] = await self._of_one(request, serving)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "old", old)
            nursery.start_soon(ask, "new", [mover.move.to])
        before, after = answers["old"], answers["new"]
        if (before.status, json_value(before.body)) == (after.status, json_value(after.body)):
            return after
        self._node.happened("answers differ", request, path=request.path[:LONGEST_TEXT], old=before.status, new=after.status)
        if mover.differed():
            self._node.happened("rolled back", request, replica=mover.move.to)
        return before

    def _tell_share(self, replica: str, share: float) -> None:
        if share != self._share:
            self._share = share
            self._node.happened("share moved", replica=replica, share=share)

    # -- choosing ----------------------------------------------------------------------------------------------------------

    def _choose(self, request: Request, names: list[str], *, number: int) -> str | None:
        now = self._node.now()
        listed = [name for name in names if self._is_listed(name)]
        well = [name for name in listed if name not in self._ill and not self._outliers.is_out(name, now)]
        dice = partial(self._node.random, "balance", request.header(REQUEST_ID), request.header(TRACE_PARENT), number)
        return self._balancer.pick(well, dice) or self._balancer.pick(listed or names, dice)

    def _is_listed(self, name: str) -> bool:
        """By the registry; a gateway without one is told by whoever starts and stops them, as Kubernetes' endpoints are."""
        return name not in self._node.absent if self._listed is None else name in self._listed

    async def _ask(self, name: str, request: Request, *, number: int) -> Response:
        headers = tuple((key, value) for key, value in request.headers if key in PASSED_IN)
        call = partial(self._node.call, name, request.method, request.target, headers=headers, number=number)
        self._balancer.at_work[name] += 1
        try:
            answer = await call(cause=request, body=request.body)
        except CallError as error:
            answer = reply(504 if error.result is Result.TIMEOUT else 502, {"error": f"{name}: {error.result.value}"})
        finally:
            self._balancer.at_work[name] -= 1
        if self._outliers.ended(name, failed=answer.status >= 500, now=self._node.now()):
            self._node.happened("ejected", request, replica=name, seconds=self._settings.eject_for)
        passed_out = tuple((key, value) for key, value in answer.headers if key in PASSED_OUT)
        return Response(status=answer.status, headers=passed_out, body=answer.body)

    # -- knowing who is there ----------------------------------------------------------------------------------------------

    async def _look_after(self, name: str, every_s: float) -> None:
        bad = asked = 0
        while True:
            await self._node.sleep(every_s)
            if name in self._node.absent:
                bad = 0
                self._ill.discard(name)
                continue
            asked += 1
            bad = 0 if await self._is_well(name, asked, every_s) else bad + 1
            if bad == self._settings.unhealthy_after:
                self._ill.add(name)
                self._node.happened("replica unhealthy", replica=name)
            elif bad == 0 and name in self._ill:
                self._ill.discard(name)
                self._node.happened("replica healthy", replica=name)

    async def _is_well(self, name: str, asked: int, every_s: float) -> bool:
        """An answer that takes longer than the time to the next question is none."""
        cause = self._cause(f"{name}-health-{asked}")
        with self._node.move_on_after(every_s):
            try:
                answer = await self._node.call(name, "GET", HEALTH[self._settings.probe], cause=cause)
            except CallError:
                return False
            return answer.status == 200 and not answer.header(SERVED_AS)
        return False

    async def _watch(self) -> None:
        """What the registry said last holds until it says something else, also while it is away."""
        version = asked = 0
        while True:
            asked += 1
            target = f"/registry?after={version}&wait={LONGEST_POLL_S:g}"
            try:
                answer = await self._node.call(REGISTRY, "GET", target, cause=self._cause(f"watch-{asked}"))
            except CallError:
                await self._node.sleep(PAUSE_AFTER_FAILURE_S)
                continue
            said = json_value(answer.body) if answer.status == 200 else None
            if not isinstance(said, dict) or answer.header(SERVED_AS):
                await self._node.sleep(PAUSE_AFTER_FAILURE_S)
                continue
            version = int(said["version"])
            self._listed = frozenset(name for names in said["services"].values() for name in names)

    def _cause(self, what: str) -> Request:
        return Request(method="GET", target="/", headers=((REQUEST_ID, f"{self._node.name}-{what}"),))


def _may_go_on(request: Request, answer: Response) -> bool:
    """Another replica may be tried: the last one failed, and doing it twice does no harm."""
    return answer.status >= 500 and (request.method in IDEMPOTENT or bool(request.header(IDEMPOTENCY_KEY)))
