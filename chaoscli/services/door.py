"""A node's front door: every request gets an id, health and metrics are answered at once, the rest goes to the workers."""

from __future__ import annotations

from dataclasses import replace

from chaoscli.messages import REQUEST_ID, Request, Response
from chaoscli.net.compressed import compressed
from chaoscli.resilience.deadline import received
from chaoscli.services.base import Service
from chaoscli.services.entrance import Entrance
from chaoscli.services.guard import Guard
from chaoscli.services.health import living, ready
from chaoscli.services.manners import complaint, presentable
from chaoscli.services.node import Node
from chaoscli.services.replies import reply, segments, unknown
from chaoscli.services.work import Workers

ACTUATOR = (
    "GET /actuator/health",
    "GET /actuator/health/liveness",
    "GET /actuator/health/readiness",
    "GET /actuator/info",
    "GET /actuator/metrics",
)
# Ids go into every event and on to every callee; a UUID has 36 characters, a trace id 32.
LONGEST_REQUEST_ID = 128


class Door:
    """``handle`` is what the network serves."""

    def __init__(self, node: Node, service: Service, workers: Workers) -> None:
        self._node = node
        self._service = service
        self._workers = workers
        self._guard = _guard_of(node, workers.capacity)
        self._named = 0

    async def handle(self, request: Request) -> Response:
        if request.method == "HEAD":  # what GET would say; the server leaves the body out
            request = replace(request, method="GET")
        if request.path == "/actuator" or request.path.startswith("/actuator/"):
            return await self._actuator(request)
        wrong = complaint(request, self._service.parameters)
        if wrong:
            return reply(400, {"error": wrong})
        request = received(self._identified(presentable(request)), self._node.now())
        refusal = self._guard.refusal(request) if self._guard is not None else None
        if refusal is not None:
            return refusal
        cost = self._service.cost(request)
        if cost == 0:
            response = await self._service.handle(request)
        else:
            response = await self._workers.do(request, cost, self._service.handle)
        return compressed(response, request) if self._workers.capacity.compress else response

    def hung_up(self, request: Request) -> None:
        """Whoever sent the request does not want its answer any more, and the work on it has stopped."""
        self._workers.hung_up(request)

    def _identified(self, request: Request) -> Request:
        """With an id: a caller that sent none, or one that no log could bear, gets one from here."""
        given = request.header(REQUEST_ID)
        if given and len(given) <= LONGEST_REQUEST_ID and given.isascii() and given.isprintable():
            return request
        self._named += 1
        others = tuple((name, value) for name, value in request.headers if name != REQUEST_ID)
        return replace(request, headers=((REQUEST_ID, f"{self._node.name}-{self._named}"), *others))

    async def _actuator(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["actuator", "health"] | ["actuator", "health", "liveness"]:
                return living()
            case "GET", ["actuator", "health", "readiness"]:
                return await ready(self._node, self._workers, self._identified(request))
            case "GET", ["actuator", "info"]:
                return reply(200, self._info())
            case "GET", ["actuator", "metrics"]:
                return reply(200, self._metrics())
        return unknown(request, ACTUATOR)

    def _info(self) -> dict[str, object]:
        spec = self._node.spec
        return {"name": spec.name, "kind": spec.kind, "calls": list(self._node.callees), "settings": dict(spec.settings)}

    def _metrics(self) -> dict[str, object]:
        workers = self._workers
        return {
            "arrived": workers.arrived,
            "answered": {str(status): count for status, count in sorted(workers.answered.items())},
            "refused": workers.refused,
            "busy": workers.busy,
            "waiting": workers.waiting,
            "workers": workers.capacity.workers,
            "queue": workers.capacity.queue,
            **({} if workers.limit is None else {"limit": workers.limit}),
            **({"breakers": self._node.breakers} if self._node.breakers else {}),
        }


def _guard_of(node: Node, entrance: Entrance) -> Guard | None:
    if entrance.auth is None:
        return None
    assert node.keys is not None, "a node that wants calls signed was given no keys"
    return Guard(node, entrance.auth, node.keys)
