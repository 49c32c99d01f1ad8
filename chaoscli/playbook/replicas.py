"""Properties of a service in the topology: how many replicas it has, how long it takes to start, what happens when it dies.

A service with ``replicas`` is a group: ``inventory`` becomes ``inventory-1``, ``inventory-2``, ..., each a node of its own with a
disk of its own. A gateway may call the group by its name, which means all of them; anybody else calls one by its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from chaoscli.errors import Place
from chaoscli.playbook.autoscale import Autoscale
from chaoscli.playbook.model import Fields, build, optional, quantity, settings_part, within
from chaoscli.playbook.nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, value_of
from chaoscli.settings import to_plain
from chaoscli.topology import Group, NodeSpec
from chaoscli.units import DURATION, format_duration

# Each is a process of its own, in every variant at once.
MOST_REPLICAS = 12
# A node that died so often is broken; so say Kubernetes and systemd, who give up as well or all but do.
USUAL_RESTARTS = 5
USUAL_RESTART_AFTER_S = 0.5
MOST_RESTARTS = 100
LONGEST_STARTUP_S = 60.0

KEYS = ("replicas", "startup", "restart", "restart_after", "restart_times", "autoscale")


_Rule: Any = Annotated[settings_part(Autoscale), AfterValidator(partial(build, Autoscale))]


def topology_fields() -> Fields:
    """What may be written for any service beside its own settings."""
    return {
        "replicas": (
            Annotated[int, AfterValidator(within(1, MOST_REPLICAS))],
            optional("so many of it, called name-1, name-2, ...; a gateway calls all of them by the one name"),
        ),
        "startup": (
            Annotated[quantity(DURATION), AfterValidator(_bounded_startup)],
            optional("how long it takes to start in mid-play, before it listens", usual="0s"),
        ),
        "restart": (
            Literal["never", "on_crash"],
            optional("on_crash: when it was killed or ended by itself, it is started again", usual="never"),
        ),
        "restart_after": (
            quantity(DURATION),
            optional("how long after the first crash; twice as long after each further one", usual="500ms"),
        ),
        "restart_times": (
            Annotated[int, AfterValidator(within(1, MOST_RESTARTS))],
            optional("how often at most; then it stays dead", usual=USUAL_RESTARTS),
        ),
        "autoscale": (
            Annotated[_Rule | None, BeforeValidator(lambda value: None if value == "none" else value)],
            optional("a rule by which replicas come and go while the play goes on"),
        ),
    }


def _bounded_startup(startup_s: float) -> float:
    if startup_s > LONGEST_STARTUP_S:
        raise ValueError(f"nothing here takes more than {format_duration(LONGEST_STARTUP_S)} to start")
    return startup_s


_PROPERTIES = frozenset(topology_fields())


def with_properties(spec: NodeSpec, given: Mapping[str, Any], written: MappingNode, problems: Problems) -> NodeSpec:
    """The node with what ``given`` says of it; ``group`` is its own name when it has replicas."""
    if not given.keys() & _PROPERTIES:
        return spec
    on_crash = given.get("restart") == "on_crash"
    for key in ("restart_after", "restart_times"):
        if key in given and not on_crash:
            problems.add(written.entries[key].key, f"'{key}' is for `restart: on_crash`", "add it, or leave this out")
    return replace(
        spec,
        group=spec.name if "replicas" in given or given.get("autoscale") else "",
        startup_s=given.get("startup", 0.0),
        restarts=given.get("restart_times", USUAL_RESTARTS) if on_crash else 0,
        restart_after_s=given.get("restart_after", USUAL_RESTART_AFTER_S) if on_crash else 0.0,
    )


@dataclass(frozen=True, slots=True)
class Troupe:
    """The groups of a playbook, before anything else is known about them: by name, how many begin and how many there can be."""

    begin: Mapping[str, int]
    most: Mapping[str, int]
    rules: Mapping[str, Autoscale]

    def members(self, name: str) -> tuple[str, ...]:
        """The nodes that a name stands for: its own alone, if it is no group."""
        return tuple(f"{name}-{number}" for number in range(1, self.most[name] + 1)) if name in self.most else (name,)

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(
            Group(name=name, members=self.members(name), replicas=self.begin[name], rule=_plain(self.rules.get(name)))
            for name in self.most
        )

    def group_of(self, member: str) -> str:
        return next((name for name in self.most if member in self.members(name)), "")


def _plain(rule: Autoscale | None) -> Mapping[str, Any] | None:
    return None if rule is None else to_plain(rule)


def read_troupe(services: MappingNode, cues: Node | None, problems: Problems) -> Troupe:
    """Who is a group. What is written wrong is told when the service itself is read; a cue may ask for more than begin."""
    begin: dict[str, int] = {}
    most: dict[str, int] = {}
    rules: dict[str, Autoscale] = {}
    for name, key, value in services.items():
        if not isinstance(value, MappingNode):
            continue
        rule = _rule(value)
        if rule is None and "replicas" not in value.entries:
            continue
        if rule is not None:
            rules[name] = rule
        least = rule.min if rule is not None else 1
        replicas = _whole(value.get("replicas"), least)
        if rule is not None and not rule.min <= replicas <= rule.max:
            place = value.entries["replicas"].value.place
            problems.add(place, f"{replicas} replicas are not between `min` and `max` of its `autoscale`")
        begin[name] = replicas
        most[name] = min(max(replicas, rule.max if rule else 0, *_asked_by_cues(name, cues), 1), MOST_REPLICAS)
        for member in (f"{name}-{number}" for number in range(1, most[name] + 1)):
            if member in services.entries:
                other = services.entries[member].key
                problems.add(other, f"'{member}' is already a replica of '{name}', on line {key.line}", "take another name")
    return Troupe(begin, most, rules)


def _rule(written: MappingNode) -> Autoscale | None:
    node = written.get("autoscale")
    if not isinstance(node, MappingNode):
        return None
    try:
        return build(Autoscale, settings_part(Autoscale).model_validate(value_of(node)))  # type: ignore[no-any-return]
    except ValueError:
        return None  # told when the service is read


def _whole(node: Node | None, otherwise: int) -> int:
    value = value_of(node) if isinstance(node, ScalarNode) else None
    return min(value, MOST_REPLICAS) if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else otherwise


def _asked_by_cues(name: str, cues: Node | None) -> Iterator[int]:
    for item in cues.items if isinstance(cues, SequenceNode) else ():
        target = item.get("scale") if isinstance(item, MappingNode) else None
        if isinstance(item, MappingNode) and isinstance(target, ScalarNode) and target.text == name:
            yield _whole(item.get("to"), 1)


def expanded(nodes: Sequence[NodeSpec], troupe: Troupe) -> tuple[NodeSpec, ...]:
    """Every replica as a node of its own, and every call of a group as calls of all its members."""
    if not troupe.most:
        return tuple(nodes)
    return tuple(one for node in nodes for one in _replicas(_calling_members(node, troupe), troupe))


def _replicas(node: NodeSpec, troupe: Troupe) -> Iterator[NodeSpec]:
    if node.name not in troupe.most:
        yield node
        return
    for number, name in enumerate(troupe.members(node.name), start=1):
        yield replace(node, name=name, group=node.name, standby=number > troupe.begin[node.name], port=0)


def _calling_members(node: NodeSpec, troupe: Troupe) -> NodeSpec:
    """``weights`` and ``paths`` of a gateway, written for the group, hold for each of its members."""
    settings = dict(node.settings)
    for key in ("weights", "paths"):
        if isinstance(settings.get(key), Mapping):
            settings[key] = _of_members(settings[key], troupe)
    return replace(node, calls=_of_members(node.calls, troupe), settings=settings)


def _of_members(by_callee: Mapping[str, Any], troupe: Troupe) -> dict[str, Any]:
    return {member: value for callee, value in by_callee.items() for member in troupe.members(callee)}


def check_called_by_name(caller: str, kind: str, callee: str, place: Place, troupe: Troupe, problems: Problems) -> None:
    """Only a gateway knows how to choose among several."""
    if callee in troupe.most and kind != "gateway":
        problems.add(
            place,
            f"'{callee}' is {troupe.most[callee]} replicas, and '{caller}' would not know which of them to call",
            f"call a gateway that calls '{callee}', or one of them, like '{callee}-1'",
        )
