"""Registry: who serves what just now. An instance is in it for as long as it says so often enough.

It keeps nothing on disk: after its death the instances' next heartbeats fill it again, as in Netflix's Eureka. Versions go on
from the wall clock's milliseconds, so that a watcher from before a restart is told anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node
from chaoscli.services.replies import query, reply, segments, unknown, whole_number
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = ("GET /registry", "PUT /registry/{service}/{instance}", "DELETE /registry/{service}/{instance}")
# A watcher that has gone is not waited for much longer; the broker's leases wait as long at most.
LONGEST_WAIT_S = 20.0
# Anybody can register anything; this is forty times what one playbook can have.
MOST_INSTANCES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings(Capacity):
    """How long silence is forgiven."""

    service_time: Seconds = setting("how long taking a heartbeat takes, on average", 0.001)
    # Consul 10 s and more, Eureka 90 s: scaled to a play of seconds, three heartbeats long as theirs are.
    ttl: Seconds = setting("an instance that is not heard of for this long is no longer listed", 1.0)

    def __post_init__(self) -> None:
        if self.ttl <= 0.0:
            raise BadSetting("ttl", "is 0; an instance must be listed for a while, or nobody could ask for it")


class Registry(Service):
    """``PUT`` is registering and heartbeat in one. ``GET /registry?after=VERSION&wait=SECONDS`` waits for a change."""

    parameters = ("after", "wait")

    def __init__(self, node: Node, settings: RegistrySettings) -> None:
        self._node = node
        self._ttl_s = settings.ttl
        self._until: dict[tuple[str, str], float] = {}
        self._version = round(node.clock.time() * 1000)
        self._changed = trio.lowlevel.ParkingLot()

    def cost(self, request: Request) -> float:
        """A watcher only waits for news."""
        return 0.0 if request.method == "GET" else 1.0

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["registry"]:
                return await self._listed(request)
            case "PUT", ["registry", service, instance]:
                return self._register(request, service, instance)
            case "DELETE", ["registry", service, instance]:
                return self._leave(request, service, instance)
        return unknown(request, PLACES)

    async def run(self, workers: Workers) -> None:
        """Strike out those who have been silent for too long, when it is time."""
        while True:
            self._expire()
            left_s = min(self._until.values(), default=math.inf) - self._node.now()
            with self._node.move_on_after(max(left_s, 0.0)):
                await self._changed.park()

    async def _listed(self, request: Request) -> Response:
        after = whole_number(query(request, "after", "0"), least=0)
        wait_s = _seconds(query(request, "wait", "0"))
        if after is None or wait_s is None:
            return reply(400, {"error": "after must be a version, and wait a number of seconds"})
        until = self._node.now() + min(wait_s, LONGEST_WAIT_S)
        while self._version == after and self._node.now() < until:
            with self._node.move_on_after(until - self._node.now()):
                await self._changed.park()
        services: dict[str, list[str]] = {}
        for service, instance in sorted(self._until):
            services.setdefault(service, []).append(instance)
        return reply(200, {"version": self._version, "services": services})

    def _register(self, request: Request, service: str, instance: str) -> Response:
        place = (service, instance)
        is_new = place not in self._until
        if is_new and len(self._until) >= MOST_INSTANCES:
            return reply(503, {"error": f"there are {MOST_INSTANCES} instances already"})
        self._until[place] = self._node.now() + self._ttl_s
        if is_new:
            self._tell("registered", request, place)
        return reply(200, {"service": service, "instance": instance, "ttl": self._ttl_s})

    def _leave(self, request: Request, service: str, instance: str) -> Response:
        if self._until.pop((service, instance), None) is None:
            return reply(404, {"error": f"no {instance} is registered for {service}"})
        self._tell("deregistered", request, (service, instance))
        return reply(200, {"service": service, "instance": instance})

    def _expire(self) -> None:
        now = self._node.now()
        for place in [one for one, until in self._until.items() if until <= now]:
            del self._until[place]
            self._tell("registration expired", None, place)

    def _tell(self, what: str, request: Request | None, place: tuple[str, str]) -> None:
        self._version += 1
        self._changed.unpark_all()
        self._node.happened(what, request if request is not None else "", service=place[0], instance=place[1])


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < math.inf else None
