"""What a node says of its own health: that it lives, and whether it is any use.

Liveness and readiness are Kubernetes' two questions, at the paths where Spring Boot's actuator answers them. Liveness only says
that somebody is there to answer. Readiness asks everyone the node calls whether they live: a node whose database does not
answer is up, and useless. The price is that a dependency all replicas share makes all of them unready at once.
"""

from __future__ import annotations

import trio

from chaoscli.messages import CallError, Request, Response
from chaoscli.services.node import Node
from chaoscli.services.registrar import REGISTRY
from chaoscli.services.replies import reply
from chaoscli.services.work import Workers

LIVENESS = "/actuator/health/liveness"
# Kubernetes' timeoutSeconds is 1 as well; whoever asks is as a rule less patient than that.
LONGEST_PROBE_S = 1.0


def living() -> Response:
    return reply(200, {"status": "UP"})


async def ready(node: Node, workers: Workers, cause: Request) -> Response:
    """200, or 503 with who is at fault: somebody it calls, or that no place is left to wait in."""
    found: dict[str, str] = {}
    async with trio.open_nursery() as nursery:
        for callee in node.callees:
            if callee != REGISTRY:  # which is for others to find this node, not for its work
                nursery.start_soon(_look, node, callee, cause, found)
    capacity = workers.capacity
    if workers.busy >= capacity.workers and workers.waiting >= capacity.queue:
        found["queue"] = "FULL"
    if all(said == "UP" for said in found.values()):
        return living()
    return reply(503, {"status": "DOWN", "components": dict(sorted(found.items()))})


async def _look(node: Node, callee: str, cause: Request, found: dict[str, str]) -> None:
    found[callee] = "DOWN"
    with node.move_on_after(LONGEST_PROBE_S):
        try:
            answer = await node.call(callee, "GET", LIVENESS, cause=cause)
        except CallError:
            return
        found[callee] = "UP" if answer.status == 200 else "DOWN"
