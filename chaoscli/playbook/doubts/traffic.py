"""Traffic that is too much, too little, or not there at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chaoscli.load.course import ends_at, profile_of
from chaoscli.load.settings import Load
from chaoscli.playbook.doubts.base import Doubt, Found, Staged
from chaoscli.playbook.plan import calls_for_one
from chaoscli.topology import Link, Topology
from chaoscli.units import format_rate

# What this is above the rate that can be served is no rounding.
OVERLOADED = 1.05
# Health checks and metrics are answered by a service itself.
_OWN_PATHS = "/actuator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What crosses a link when nothing goes wrong: calls in the whole play, and the most a second. ``known`` is false where a
    cache, a balancer or a path makes it less than can be told."""

    calls: float
    peak: float
    known: bool = True


def flows(staged: Staged) -> dict[Link, Flow]:
    """Of every link, callers before their callees; in a ring of calls, once around."""
    found: dict[Link, Flow] = {}
    for name, load in staged.loads.items():
        found |= _offered(name, load, staged.playbook.lasts_s)
    for wave in reversed(staged.topology.waves()):
        for node in wave:
            into = [found[link] for link in staged.callers.get(node.name, ()) if link in found]
            for callee in node.calls:
                row, side = calls_for_one(node, callee)
                link = Link(node.name, callee)
                shares = (node.kind == "gateway" and len(node.calls) > 1) or callee in (node.settings.get("paths") or {})
                known = all(flow.known for flow in into) and staged.policies[link].cache is None and not shares
                times = row * side
                found[link] = Flow(
                    calls=sum(flow.calls for flow in into) * times, peak=sum(flow.peak for flow in into) * times, known=known
                )
    return found


def _offered(name: str, load: Load, lasts_s: float) -> Mapping[Link, Flow]:
    profile = profile_of(load, lasts_s)
    if load.users is not None:  # at most: answers take time too
        peak = load.users / load.think
        calls = peak * max(0.0, ends_at(load, lasts_s) - load.starts)
    else:
        calls = profile.due(lasts_s)
        peak = max((max(stage.rate, stage.end_rate) for stage in profile.stages), default=0.0)
    whole = sum(one.weight for one in load.asked)
    shares: dict[str, float] = {}
    for one in load.asked:
        share = 0.0 if one.target.startswith(_OWN_PATHS) else one.weight / whole
        shares[one.callee] = shares.get(one.callee, 0.0) + share
    return {
        Link(name, callee): Flow(calls=calls * share, peak=peak * share, known=load.users is None and load.cache is None)
        for callee, share in shares.items()
    }


def _overload(staged: Staged) -> Iterator[Found]:
    topology, found = staged.topology, flows(staged)
    for node in topology.services:
        settings = node.settings
        if not settings.get("service_time") or "workers" not in settings or len(topology.members(node.name)) > 1:
            continue
        into = [found[link] for link in staged.callers.get(node.name, ()) if link in found]
        can = settings["workers"] / settings["service_time"]
        asked = sum(flow.peak for flow in into)
        if all(flow.known for flow in into) and asked > OVERLOADED * can:
            yield Found(
                place=staged.place("services", node.name, "workers"),
                message=f"'{node.name}' can answer {format_rate(can)} and is asked {format_rate(asked)}, with nothing wrong at"
                " all",
                hint="more `workers`, a shorter `service_time`, or a lower rate",
            )


def _breaker_never_opens(staged: Staged) -> Iterator[Found]:
    found = flows(staged)
    for link in staged.links:
        breaker = staged.policies[link].breaker
        flow = found.get(link)
        if breaker is None or flow is None or not flow.calls:
            continue
        seen = flow.calls if breaker.within is None else min(flow.calls, flow.peak * breaker.within)
        if seen < breaker.at_least:
            yield Found(
                place=staged.place_of_call(link, "breaker"),
                message=f"the breaker of '{link}' opens after {breaker.at_least} calls at the earliest, and looks back on"
                f" {seen:.0f}: it never will",
                hint="a smaller `at_least`, a longer `within`, or more load",
            )


def _unreached(staged: Staged) -> Iterator[Found]:
    """In no variant: to take a call away is a difference to try."""
    reached = frozenset[str]().union(*(_reached(variant.topology.by_group) for variant in staged.playbook.variants))
    quiet = [link for link in staged.links if link.caller not in reached]
    for node in staged.topology.services:
        if node.name not in reached:
            yield Found(
                place=staged.place("services", node.name),
                message=f"no request ever comes to '{node.name}': nobody who is asked calls it",
                hint="call it, or take it away",
            )
    for number, plan in enumerate(staged.variant.faults):
        if plan.links and all(link in quiet for link, _ in plan.links):
            yield Found(
                place=staged.place_of_item("faults", number, plan.kind),
                message=f"'{plan.name}' strikes where no request comes by",
                hint="aim it at a link that the load reaches",
            )


_ACTING = frozenset({"load", "registry", "shipping", "holder", "replica"})


def _reached(topology: Topology) -> frozenset[str]:
    """Loads, whoever acts by itself, and whom they call, and so on."""
    nodes = {node.name: node for node in topology.nodes}
    acting = [node.name for node in topology.nodes if node.kind in _ACTING or _consumes(node.settings)]
    reached = set(acting)
    waiting = list(acting)
    while waiting:
        for callee in nodes[waiting.pop()].calls:
            name = callee.partition(":")[0]
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return frozenset(reached)


def _consumes(settings: Mapping[str, object]) -> bool:
    return settings.get("consume") is not None


TRAFFIC = (
    Doubt(name="overload", doc="more is asked of a service than it can do, with nothing wrong", find=_overload),
    Doubt(name="breaker-never-opens", doc="a breaker needs more calls than the play has", find=_breaker_never_opens),
    Doubt(name="unreached", doc="a service, or a fault's link, that no request comes to", find=_unreached),
)
