"""Whether a plan can be played on its subject, and the promise be judged there: what an edited file is asked before it is.

A plan of our own making always can. A hand's may name a link that is not there, and a fault that waits for a message of it
would wait for ever, in silence, and the promise would seem to be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.exploration import ALWAYS, Plan, PlannedFault, Subject
from chaoscli.explore.misfits import misfits, shown
from chaoscli.explore.playing import staged
from chaoscli.explore.vocabulary import VOCABULARY
from chaoscli.faults.catalogue import FAULTS
from chaoscli.playbook.nodes import nearest
from chaoscli.resilience.policy import Policy
from chaoscli.settings import from_plain
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.kinds import settings_of

# The longest that a search makes takes little more than a minute; an hour is somebody's slip of a key.
LONGEST_S = 3600.0


def unplayable(subject: Subject, plan: Plan, invariant: str) -> Iterator[str]:
    """Sentences without an end, each about one place of the file. The subject first: the rest is read by it."""
    wrong = list(_in_topology(subject.topology))
    wrong += _negative("subject", {"heals_s": subject.heals_s, "lasts_s": subject.lasts_s})
    yield from wrong
    if wrong:
        return
    yield from _in_promise(subject, invariant)
    yield from _in_times(plan)
    loads = {load.name: load for load in subject.topology.loads}
    yield from _unknown("plan.stops_s", plan.stops_s, loads, "load")
    closed = [name for name, load in loads.items() if load.settings.get("users")]
    yield from _unknown("plan.users", plan.users, closed, "load of users")
    present = staged(subject.topology, plan)
    for number, fault in enumerate(plan.faults):
        yield from _in_fault(f"plan.faults[{number}]", fault, subject.topology, present)


def _in_promise(subject: Subject, invariant: str) -> Iterator[str]:
    judged = [name for name in subject.invariants if name in INVARIANTS]
    if invariant not in (*judged, *ALWAYS):
        why = "which is not among subject.invariants" if invariant in INVARIANTS else "which is no invariant"
        yield f"invariant names {shown(invariant)}, {why}; {nearest(invariant, (*judged, *ALWAYS))}"


def _in_times(plan: Plan) -> Iterator[str]:
    yield from _negative("plan", {"heals_s": plan.heals_s, "lasts_s": plan.lasts_s})
    yield from _negative("plan.stops_s", plan.stops_s)
    if plan.lasts_s > LONGEST_S:
        yield f"plan.lasts_s is {plan.lasts_s:g}, and is at most {LONGEST_S:g}"
    if plan.heals_s > plan.lasts_s:
        yield f"plan.heals_s is {plan.heals_s:g}, and plan.lasts_s is less: {plan.lasts_s:g}"
    for name, users in plan.users.items():
        if users < 1:
            yield f"plan.users['{name}'] is {users}, and is at least 1"


def _in_fault(place: str, fault: PlannedFault, topology: Topology, present: Topology) -> Iterator[str]:
    yield from _negative(place, {"at_s": fault.at_s, "for_s": fault.for_s})
    if fault.after is not None:
        yield from _of_these(f"{place}.after.link", fault.after.link, map(str, topology.links), "link")
        if fault.after.number < 1:
            yield f"{place}.after.number is {fault.after.number}, and messages are counted from 1"
    harm = VOCABULARY.get(fault.kind)
    if harm is None:
        yield from _of_these(f"{place}.kind", fault.kind, VOCABULARY, "kind of fault")
        return
    if harm.aim == "node":
        yield from _of_these(f"{place}.target", fault.target, (node.name for node in present.services), "service")
    else:
        links = [str(link) for link in present.links]
        yield from _of_these(f"{place}.target", fault.target, links, "link")
        if fault.target in links and FAULTS[harm.fault].harms == "messages":
            callee = Link.parse(fault.target).callee
            if callee in present.speaking_tls:
                yield f"{place}.kind is {shown(fault.kind)}, and nobody between can read what '{callee}' is told: it speaks TLS"
    if harm.fault:
        yield from _unbuildable(f"{place}.settings", FAULTS[harm.fault].settings, fault.settings)


def _in_topology(topology: Topology) -> Iterator[str]:
    names = Counter(node.name for node in topology.nodes)
    for number, node in enumerate(topology.nodes):
        place = f"subject.topology.nodes[{number}]"
        if names[node.name] > 1:
            yield f"{place}.name is {shown(node.name)}, and so is another's"
        yield from _negative(
            place, {"startup_s": node.startup_s, "restart_after_s": node.restart_after_s, "restarts": node.restarts}
        )
        if node.standby:
            yield f"{place}.standby is true, and nobody is there who would start it"
        yield from _in_node(place, node, names)


def _in_node(place: str, node: NodeSpec, names: Iterable[str]) -> Iterator[str]:
    settings = settings_of(node.kind)
    if settings is not None:
        yield from _unbuildable(f"{place}.settings", settings, node.settings)
    for callee, policy in node.calls.items():
        yield from _of_these(f"{place}.calls", callee.partition(":")[0], names, "node")
        yield from _unbuildable(f"{place}.calls['{callee}']", Policy, policy)


def _unbuildable(place: str, kind: type[Any], settings: Mapping[str, Any]) -> Iterator[str]:
    wrong = list(misfits(kind, settings, place))
    yield from wrong
    if not wrong:
        try:
            from_plain(kind, settings)
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
            yield f"{place}: {error}"


def _unknown(place: str, given: Iterable[str], known: Iterable[str], what: str) -> Iterator[str]:
    choices = list(known)
    for name in given:
        yield from _of_these(place, name, choices, what)


def _of_these(place: str, name: str, known: Iterable[str], what: str) -> Iterator[str]:
    choices = list(known)
    if name not in choices:
        hint = nearest(name, choices)
        yield f"{place} names {shown(name)}, which is no {what} here" + (f"; {hint}" if hint else "")


def _negative(place: str, figures: Mapping[str, float]) -> Iterator[str]:
    for name, figure in figures.items():
        if figure < 0:
            yield f"{place}.{name} is {figure:g}, and cannot be negative"
