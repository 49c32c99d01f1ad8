"""How long a request takes when all is well: the work on its way, and nothing else. Queues, networks, faults come on top."""

from __future__ import annotations

from collections.abc import Sequence

from chaoscli.load.settings import Load
from chaoscli.services.foreign import is_foreign
from chaoscli.topology import NodeSpec, Topology

_ACTUATOR = "/actuator"  # answered by the service itself, at once


def usual_s(topology: Topology, load: Load) -> float | None:
    """The mean over the load's requests by weight. None where a program has a part in it that is not ours: nobody knows what
    it takes."""
    if load.command or any(is_foreign(topology.node(name).kind) for name in _reached(topology, load)):
        return None
    whole = sum(one.weight for one in load.asked)
    total = 0.0
    for one in load.asked:
        if not one.target.startswith(_ACTUATOR):
            total += one.weight / whole * _takes_s(topology, one.callee, one.target, ())
    return total


def _reached(topology: Topology, load: Load) -> set[str]:
    """Whom the load's requests may come to."""
    found: set[str] = set()
    waiting = [one.callee for one in load.asked]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += topology.node(name).calls
    return found


def _takes_s(topology: Topology, name: str, target: str, above: Sequence[str]) -> float:
    """Of one request to ``name``; a ring of calls is gone round once."""
    node = topology.node(name)
    own_s = float(node.settings.get("service_time") or 0.0) * int(node.settings.get("items", 1))
    surely: list[float] = []
    perhaps: list[float] = [0.0]
    for callee in _asked_for(node, above):
        path = (node.settings.get("paths") or {}).get(callee, "/")
        if leads_to(target, path):
            takes_s = _calls_s(topology, node, callee, target, (*above, name))
            (surely if target.startswith(path) else perhaps).append(takes_s)
    together = node.settings.get("parallel", False) or node.kind == "gateway"
    return own_s + max(perhaps) + (max(surely, default=0.0) if together else sum(surely))


def leads_to(target: str, path: str) -> bool:
    """Whether a request for ``target`` may begin with ``path``: what a blank will be filled with is not known, and then it takes
    one way of several."""
    known, blank, _ = target.partition("${")
    return target.startswith(path) or (blank != "" and path.startswith(known))


def _calls_s(topology: Topology, node: NodeSpec, callee: str, target: str, above: Sequence[str]) -> float:
    """All calls of ``callee`` that one request makes."""
    once_s = _takes_s(topology, callee, target, above)
    if node.kind == "order" and callee == "inventory" and node.settings.get("reserve", True):
        return 2 * once_s
    times = int(node.settings.get("times", 1)) if node.kind == "hop" else 1
    if times > 1 and node.settings.get("batch"):  # one call that brings all the work
        work_s = float(topology.node(callee).settings.get("service_time") or 0.0)
        return once_s + (times - 1) * work_s
    return once_s if node.settings.get("parallel", False) else times * once_s


def _asked_for(node: NodeSpec, above: Sequence[str]) -> list[str]:
    """Whom a request may lead to, without those who are told of it later."""
    later = {"registry", *([node.settings.get("broker", "broker")] if node.kind == "hop" else [])}
    return [name for name in node.calls if name not in above and name not in later]
