"""Who is on stage and who calls whom: services, loads and the links between them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# A caller from outside the play: no process is started for it, and whoever holds the world calls over its links.
GUEST = "guest"


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """One caller -> callee edge, always through a proxy."""

    caller: str
    callee: str

    def __str__(self) -> str:
        return f"{self.caller} -> {self.callee}"

    @classmethod
    def parse(cls, text: str) -> Link:
        """From ``order -> inventory``; ValueError for anything else."""
        caller, arrow, callee = (part.strip() for part in text.partition("->"))
        if not (caller and arrow and callee) or "->" in callee:
            raise ValueError(f"'{text}' is not a link, like 'order -> inventory'")
        return cls(caller, callee)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """One node to start: ``kind`` names the code, ``settings`` are its own plain settings (capacity among them), ``calls``
    the plain policy for each callee. A load is a node whose kind is ``load``. ``skewed``: its clock will be set in this play."""

    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    port: int = 0  # 0: any free one
    skewed: bool = False
    group: str = ""  # whose replica it is
    standby: bool = False  # not there until somebody starts it
    startup_s: float = 0.0
    restarts: int = 0  # how often it is started again after a crash
    restart_after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The replicas of one service: ``members`` are all there can be, ``replicas`` how many begin; ``rule`` is the plain settings
    of the rule by which their number changes, if there is one."""

    name: str
    members: tuple[str, ...]
    replicas: int
    rule: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """All nodes of one world, in the order they were written."""

    nodes: tuple[NodeSpec, ...]
    groups: tuple[Group, ...] = ()

    @property
    def links(self) -> tuple[Link, ...]:
        return tuple(Link(node.name, callee) for node in self.nodes for callee in node.calls)

    @property
    def services(self) -> tuple[NodeSpec, ...]:
        return tuple(node for node in self.nodes if node.kind not in ("load", GUEST))

    @property
    def loads(self) -> tuple[NodeSpec, ...]:
        return tuple(node for node in self.nodes if node.kind == "load")

    def with_guest(self, name: str) -> Topology:
        """With one more caller, who has a link to every service, and speaks to each as it wants to be spoken to."""
        guest = NodeSpec(name=name, kind=GUEST, calls={service.name: _manners(service) for service in self.services})
        return replace(self, nodes=(*self.nodes, guest))

    def node(self, name: str) -> NodeSpec:
        """The node called so; ``db:admin`` is a port of ``db``."""
        called = name.partition(":")[0]
        return next(node for node in self.nodes if node.name == called)

    @staticmethod
    def along(path: Sequence[str]) -> tuple[Link, ...]:
        """The links of one way down; who was called at a port of its own calls by its own name."""
        return tuple(Link(caller.partition(":")[0], callee) for caller, callee in itertools.pairwise(path))

    def protocol(self, link: Link) -> str:
        """What the callee's port speaks: http, tcp or udp."""
        settings, port = self.node(link.callee).settings, link.callee.partition(":")[2]
        return str((settings.get("ports") or {})[port] if port else settings.get("protocol", "http"))

    @property
    def speaking_tls(self) -> frozenset[str]:
        """The services that do; of what crosses the links to them nobody between can read a word."""
        return frozenset(node.name for node in self.nodes if node.settings.get("tls"))

    def members(self, name: str) -> tuple[str, ...]:
        """The nodes that a name stands for: all of a group, or the one."""
        return next((group.members for group in self.groups if group.name == name), (name,))

    @property
    def at_first(self) -> Topology:
        """Without those who are not there at first."""
        standby = {node.name for node in self.nodes if node.standby}
        nodes = (node for node in self.nodes if node.name not in standby)
        return Topology(
            nodes=tuple(
                replace(node, calls={name: policy for name, policy in node.calls.items() if name not in standby})
                for node in nodes
            ),
            groups=self.groups,
        )

    @property
    def by_group(self) -> Topology:
        """With one node for each group, called as it is, as a person would draw it."""
        group_of = {node.name: node.group for node in self.nodes if node.group}
        if not group_of:
            return self
        folded: dict[str, NodeSpec] = {}
        for node in self.nodes:
            calls: dict[str, Mapping[str, Any]] = {}
            for callee, policy in node.calls.items():
                calls.setdefault(group_of.get(callee, callee), policy)
            one = replace(node, name=group_of.get(node.name, node.name), calls=calls)
            folded.setdefault(one.name, one)
        return Topology(nodes=tuple(folded.values()), groups=self.groups)

    def waves(self) -> tuple[tuple[NodeSpec, ...], ...]:
        """Services in starting order: each wave calls only services of earlier waves. A ring of calls starts together."""
        left = {node.name: node for node in self.services}
        waves: list[tuple[NodeSpec, ...]] = []
        while left:
            ready = [node for node in left.values() if not any(callee in left for callee in _called(node))]
            wave = tuple(ready or left.values())
            waves.append(wave)
            for node in wave:
                del left[node.name]
        return tuple(waves)


def _called(node: NodeSpec) -> set[str]:
    """The others that it calls, whichever of their ports."""
    return {callee.partition(":")[0] for callee in node.calls} - {node.name}


def _manners(service: NodeSpec) -> dict[str, Any]:
    """The plain policy of a caller who is let in."""
    tls = {"tls": "mutual"} if service.settings.get("tls") else {}
    return tls | ({"sign": True} if service.settings.get("auth") is not None else {})
