"""Who is on stage: services, loads and the calls between them, from the tree to a topology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaoscli.errors import Place
from chaoscli.playbook.nodes import (
    MappingNode,
    Problems,
    SequenceNode,
    mapping_or_empty,
    value_of,
)
from chaoscli.playbook.one_load import read_load
from chaoscli.playbook.one_service import read_service
from chaoscli.playbook.replicas import expanded, read_troupe
from chaoscli.playbook.scene import Known, Scene
from chaoscli.topology import Link, NodeSpec, Topology

# Every node is a process of its own, in every variant at once: more than this is a data centre, not a lesson.
MAX_NODES = 24
# Simulated, a node is a few objects.
MAX_SIMULATED_NODES = 5_100

_ONLY_SIMULATED = "a playbook that is simulated only, `worlds: [sim]`, may have more"

# What a path or a sentence could no longer tell from a name.
RESERVED = frozenset(
    {"services", "load", "faults", "cues", "variants", "summary", "all", "none", "client", "during", "before", "after"}
)


@dataclass(frozen=True, slots=True)
class Cast:
    """``places`` has every name that was written, also of those that have problems, so that one mistake is told once."""

    places: dict[str, Place]
    services: tuple[str, ...]
    loads: tuple[str, ...]
    topology: Topology

    @property
    def names(self) -> tuple[str, ...]:
        """Everything a fault or a cue may be aimed at: nodes, and groups of them."""
        return tuple(dict.fromkeys((*self.services, *(node.name for node in self.topology.services))))

    @property
    def links(self) -> tuple[Link, ...]:
        return self.topology.links


def read_cast(root: MappingNode, lasts_s: float | None, known: Known, problems: Problems) -> Cast:
    """Everybody on stage. ``lasts_s`` None: not known, so nothing is held against it. ``known`` is what other variants have been
    read to be."""
    services = _section(root, "services", problems)
    loads = _section(root, "load", problems)
    count = len(services.entries) + len(loads.entries)
    most = _most_nodes(root)
    if count > most:
        problems.add(root.place, f"{count} services and loads are too many; at most {most} play on one machine", _ONLY_SIMULATED)
        services, loads = services.first(most), loads.first(most)
    troupe = read_troupe(services, root.get("cues"), problems)
    places = {member: key for name, key, _ in services.items() for member in (name, *troupe.members(name))}
    scene = Scene(services, loads, troupe, known, problems)
    nodes = [read_service(name, key, value, scene) for name, key, value in services.items()]
    for name, key, value in loads.items():
        if name in places:
            problems.add(key, f"'{name}' is already a service, on line {places[name].line}", "give the load a name of its own")
        places.setdefault(name, key)
        nodes.append(read_load(name, key, value, lasts_s, scene))
    whole = expanded(_agreed(nodes), troupe)
    if len(whole) > most >= count:
        problems.add(root.place, f"{len(whole)} services and loads are too many; at most {most} play on one machine")
    return Cast(places, tuple(services.entries), tuple(loads.entries), Topology(nodes=whole, groups=troupe.groups))


def _most_nodes(root: MappingNode) -> int:
    """A playbook that is never played on processes may have many more."""
    worlds = root.get("worlds")
    simulated = isinstance(worlds, SequenceNode) and value_of(worlds) == ["sim"]
    return MAX_SIMULATED_NODES if simulated else MAX_NODES


def _agreed(nodes: Sequence[NodeSpec]) -> tuple[NodeSpec, ...]:
    """Where a policy leaves it to the callee whether TLS is spoken, calls signed or answers compressed, with its word for it."""
    speak_tls = Topology(nodes=tuple(nodes)).speaking_tls
    want_signed = {node.name for node in nodes if node.settings.get("auth") is not None}
    compress = {node.name for node in nodes if node.settings.get("compress")}
    if not (speak_tls or want_signed or compress):
        return tuple(nodes)

    def agreed(callee: str, policy: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = {
            "tls": "mutual" if callee in speak_tls else None,
            "sign": callee in want_signed,
            "compressed": callee in compress,
        }
        left_open = {key: value for key, value in asked.items() if value and policy.get(key) is None}
        return {**policy, **left_open} if left_open else policy

    return tuple(replace(node, calls={callee: agreed(callee, policy) for callee, policy in node.calls.items()}) for node in nodes)


def _section(root: MappingNode, name: str, problems: Problems) -> MappingNode:
    if name not in root.entries:
        return MappingNode(root.place, {})  # that it is missing is told with the other top-level keys
    entry = root.entries[name]
    section = mapping_or_empty(entry.value, entry.key, f"'{name}'", problems)
    for key, place, _ in section.items():
        check_name(key, place, problems)
    return section


def check_name(name: str, place: Place, problems: Problems) -> None:
    if name in RESERVED:
        problems.add(place, f"'{name}' cannot be a name: it means something of its own in paths and expectations")
    elif not name[:1].isalpha() or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > 40:
        problems.add(place, f"'{name}' is no name: letters, digits, '-' and '_', starting with a letter, 40 at most")
