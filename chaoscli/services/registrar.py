"""Keeps a node in the registry, if it is joined to one: under its kind, as itself, for as long as it lives."""

from __future__ import annotations

from itertools import count
from urllib.parse import quote

from chaoscli.messages import REQUEST_ID, CallError, Request
from chaoscli.services.node import Node
from chaoscli.services.replies import json_value

REGISTRY = "registry"
# Two heartbeats may get lost before the third is too late, as in Eureka (every 30 s of 90).
HEARTBEATS_A_TTL = 3
# After a heartbeat that nobody answered.
PAUSE_AFTER_FAILURE_S = 0.1


async def stay_registered(node: Node) -> None:
    """Say again and again that the node is there. It says nothing when it goes: the registry finds out, as after a crash."""
    place = f"/{REGISTRY}/{quote(node.spec.kind, safe='')}/{quote(node.name, safe='')}"
    for number in count(1):
        ttl_s = await _heartbeat(node, place, number)
        await node.sleep(PAUSE_AFTER_FAILURE_S if ttl_s is None else ttl_s / HEARTBEATS_A_TTL)


async def _heartbeat(node: Node, place: str, number: int) -> float | None:
    """For how long the registry believes it; None when it could not be told."""
    cause = Request(method="PUT", target=place, headers=((REQUEST_ID, f"{node.name}-heartbeat-{number}"),))
    try:
        answer = await node.call(REGISTRY, "PUT", place, cause=cause)
    except CallError:
        return None
    said = json_value(answer.body)
    ttl = said.get("ttl") if answer.status == 200 and isinstance(said, dict) else None
    return float(ttl) if isinstance(ttl, int | float) and ttl > 0 else None
