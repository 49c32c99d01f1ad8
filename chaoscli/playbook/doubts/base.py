"""A doubt: what is written right and still cannot work, or not as somebody probably meant it. ``chaos check`` warns of it.

A lesson often is such a mistake: ``deliberate: [NAME]`` in the playbook says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from chaoscli.checks.expectation import Expectation
from chaoscli.errors import Place
from chaoscli.load.settings import Load
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.playbook.nodes import MappingNode, Node, ScalarNode, SequenceNode
from chaoscli.playbook.usual import leads_to
from chaoscli.resilience.policy import Policy
from chaoscli.services.foreign import is_foreign
from chaoscli.settings import from_plain
from chaoscli.topology import Link, NodeSpec, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One warning: where in the variant's tree, what, and the way out."""

    place: Place
    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Staged:
    """One variant with the tree it was read from, so that a warning can point at what was written. What every doubt asks for is
    worked out once."""

    playbook: Playbook
    variant: Variant
    tree: MappingNode

    @cached_property
    def topology(self) -> Topology:
        """Replicas as the one service they were written as."""
        return self.variant.topology.by_group

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Those that somebody of ours calls over: of a program of the user's nobody knows how it calls."""
        return tuple(link for link in self.topology.links if not is_foreign(self.node(link.caller).kind))

    @cached_property
    def nodes(self) -> Mapping[str, NodeSpec]:
        return {node.name: node for node in self.topology.nodes}

    def node(self, name: str) -> NodeSpec:
        """The node called so; ``db:admin`` is a port of ``db``."""
        return self.nodes[name.partition(":")[0]]

    @cached_property
    def callers(self) -> Mapping[str, tuple[Link, ...]]:
        """The links that lead to each node."""
        found: dict[str, list[Link]] = {}
        for link in self.links:
            found.setdefault(link.callee.partition(":")[0], []).append(link)
        return {name: tuple(links) for name, links in found.items()}

    @cached_property
    def loads(self) -> Mapping[str, Load]:
        return {node.name: from_plain(Load, node.settings) for node in self.topology.loads}

    @cached_property
    def policies(self) -> Mapping[Link, Policy]:
        """Those of replicas too, each by its own name."""
        found: dict[Link, Policy] = {}
        read: dict[int, Policy] = {}  # layers have one for hundreds of links
        for topology in (self.topology, self.variant.topology):
            for node in topology.nodes:
                for callee, policy in node.calls.items():
                    link = Link(node.name, callee)
                    if node.name in self.loads:
                        found.setdefault(link, self.loads[node.name].policy)
                    elif link not in found:
                        if id(policy) not in read:
                            read[id(policy)] = from_plain(Policy, dict(policy))
                        found[link] = read[id(policy)]
        return found

    def place(self, *path: str) -> Place:
        """Of what stands at the end of ``path``, or of the nearest thing above it that was written."""
        node: Node = self.tree
        place = self.tree.place
        for name in path:
            if not isinstance(node, MappingNode) or name not in node.entries:
                break
            entry = node.entries[name]
            node, place = entry.value, entry.key
        return node.place if isinstance(node, ScalarNode) and not node.is_nothing else place

    def place_of_call(self, link: Link, *path: str) -> Place:
        """Of a caller's policy for a callee; a load's stands with the load."""
        if self.node(link.caller).kind == "load":
            return self.place("load", link.caller, *path)
        return self.place("services", link.caller, "calls", link.callee, *path)

    def place_of_item(self, section: str, number: int, key: str = "") -> Place:
        items = self.tree.get(section)
        item = items.items[number] if isinstance(items, SequenceNode) and number < len(items.items) else self.tree
        if isinstance(item, MappingNode) and key in item.entries:
            value = item.entries[key].value
            return value.place if isinstance(value, ScalarNode) else item.entries[key].key
        return item.place

    def leads_to(self, outer: Link, callee: str) -> bool:
        """Whether a request over ``outer`` may bring a call of ``callee`` about; by path, where that decides."""
        path = (self.node(outer.callee).settings.get("paths") or {}).get(callee)
        caller = self.node(outer.caller)
        if path is None:
            return True
        return caller.kind == "load" and any(
            one.callee == outer.callee and leads_to(one.target, path) for one in self.loads[caller.name].asked
        )

    @property
    def sentences(self) -> Iterator[tuple[Place, Expectation]]:
        """The expectations of this variant; the items of a right playbook are as many as its sentences."""
        for number, expectation in enumerate(self.playbook.expectations):
            if not expectation.variants or self.variant.name in expectation.variants:
                yield self.place_of_item("expect", number), expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """``name`` is what `deliberate` calls it; ``find`` looks at one variant."""

    name: str
    doc: str
    find: Callable[[Staged], Iterator[Found]]
