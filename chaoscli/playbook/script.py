"""What goes wrong and when: the faults, from the tree to plans with every link and node resolved."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from chaoscli.errors import Place
from chaoscli.faults.base import Direction
from chaoscli.faults.catalogue import BOTH, FAULTS, FaultKind, describe
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.faults.growing import why_it_cannot_grow
from chaoscli.faults.partition import Partition, cut
from chaoscli.playbook.cast import Cast, check_name
from chaoscli.playbook.conditions import names_on_stage, read_condition
from chaoscli.playbook.foreign import why_not
from chaoscli.playbook.meaning import FaultPlan
from chaoscli.playbook.model import Fields, Part, optional, part, quantity, settings_fields
from chaoscli.playbook.naming import kind_of_fault, kinds_in, settings_of
from chaoscli.playbook.nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, kind_of, mappings_of, nearest, value_of
from chaoscli.playbook.scene import built
from chaoscli.playbook.times import Times, read_times, time_fields
from chaoscli.playbook.wording import read_part
from chaoscli.topology import Link
from chaoscli.units import DURATION, SHARE, format_duration

_NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_AIM_SCHEMAS: dict[str, dict[str, Any]] = {
    "link": {"anyOf": [{"type": "string", "pattern": "->"}, _NAMES]},
    "groups": {"type": "array", "items": {"anyOf": [{"type": "string"}, _NAMES]}, "minItems": 2},
    "node": {"anyOf": [{"type": "string"}, _NAMES]},
}

MAX_FAULTS = 1_000  # a script of more is a fuzzer's; the schedule of one stays readable to nobody

_DIRECTIONS = {"request": (Direction.REQUEST,), "reply": (Direction.REPLY,), "both": BOTH}
_DONE = {"clock_skew": "set the clock of"}  # what a fault of nodes does, where its name is no verb
_USUAL = frozenset({"name", "at", "for", "every", "until", "when", "ramp", "direction", "share"})
_AIMS = {
    "link": "a link like `order -> inventory`, a list of them, or `* -> inventory`",
    "groups": "two or more groups of services, like [[order], [inventory]]",
    "node": "a service, or a list of them",
}


def read_faults(
    root: MappingNode, cast: Cast, lasts_s: float | None, places: dict[str, Place], problems: Problems
) -> tuple[FaultPlan, ...]:
    """The plans in the order written. ``lasts_s`` None: not known, so nothing is held against it. ``places`` has every name that
    is taken, and gets those of the faults."""
    plans: list[FaultPlan] = []
    for item in mappings_of(root, "fault", MAX_FAULTS, "{slow: inventory, by: 4x, at: 1s, for: 2s}", problems):
        plan = _Reading(item, cast, lasts_s, problems).plan(places)
        plans.extend([plan] if plan is not None else [])
    return tuple(plans)


@functools.cache
def fault_part(kind: str, datagrams: bool = False) -> type[Part]:
    """What may be written for a fault of this kind; of ``datagrams``, where the kind has its own settings for a UDP link."""
    row = (DATAGRAM_FAULTS if datagrams else FAULTS)[kind]
    fields: Fields = {
        kind: (Annotated[Any, WithJsonSchema(_AIM_SCHEMAS[row.aim])], Field(description=f"{row.doc} Aimed at {_AIMS[row.aim]}.")),
        "name": (str, optional("what expectations and the story call it; its kind without")),
        **time_fields(),
        "ramp": (quantity(DURATION), optional("grow from nothing to the full settings over this time; there at once without")),
    }
    if row.aim == "link" and row.harms != "messages":
        fields["direction"] = (
            Literal["request", "reply", "both"],
            optional(f"which way it works; {_direction_words(row)} without"),
        )
        fields["share"] = (quantity(SHARE), optional("the share of connections it takes hold of; all without"))
    name = f"Datagram{row.settings.__name__.removeprefix('Datagram')}" if datagrams else row.settings.__name__
    return part(name, {**fields, **settings_fields(row.settings)}, row.doc)


def _growing(given: dict[str, Any]) -> str:
    return f", growing over {format_duration(given['ramp'])}" if given.get("ramp") else ""


def _direction_words(row: FaultKind) -> str:
    return "both" if len(row.directions) == 2 else row.directions[0].value


@dataclass
class _Reading:
    """One fault being read."""

    written: MappingNode
    cast: Cast
    lasts_s: float | None
    problems: Problems

    def plan(self, places: dict[str, Place]) -> FaultPlan | None:
        found = kind_of_fault(self.written)
        if found is None:
            self._no_kind()
            return None
        key = self.written.entries[found.kind].key
        row = self._of_what_the_links_carry(found)
        model = read_part(fault_part(row.kind, row.harms == "datagrams"), self.written, key, f"fault '{row.kind}'", self.problems)
        fault = built(row.settings, model, self.written, key, self.problems)
        given = model.given() if model is not None else {}
        name = self._name(row, places)
        times = read_times(self.written, given, self.lasts_s, "a fault", self.problems)
        when = read_condition(self.written.get("when"), names_on_stage(self.cast), self.problems)
        self._check_ramp(given, times, fault)
        links, nodes, targets = self._aim(row, given, fault)
        if model is None or fault is None or not (links or nodes):
            return None
        real = fault.fault if isinstance(fault, Partition) else fault
        return FaultPlan(
            name=name, kind=row.kind, at_s=times.at_s, until_s=times.until_s, again=times.again,
            when=when, ramp_s=given.get("ramp", 0.0), text=self._text(row, fault) + _growing(given),
            targets=targets, fault=real, links=links, nodes=nodes, share=given.get("share", 1.0),
        )  # fmt: skip

    def _check_ramp(self, given: dict[str, Any], times: Times, fault: Any) -> None:
        if "ramp" not in given or fault is None:
            return
        place = self.written.entries["ramp"].value.place
        lasts_s = None if times.until_s is None else times.until_s - times.at_s
        why = why_it_cannot_grow(fault.fault if isinstance(fault, Partition) else fault)
        if why:
            self.problems.add(place, f"'{fault.kind}' cannot grow: {why}", "leave `ramp` out")
        elif lasts_s is not None and given["ramp"] > lasts_s:
            message = f"it would still grow when it ends, {format_duration(lasts_s)} after it began"
            self.problems.add(place, message, "make `ramp` shorter")

    def _text(self, row: FaultKind, fault: Any) -> str:
        """In words with its figures; of a partition also who is parted from whom."""
        words = describe(fault)
        if row.aim != "groups":
            return words
        parted = value_of(self.written.entries[row.kind].value)
        return words.replace(row.kind, f"{row.kind} {' | '.join(map(' '.join, parted))}", 1)

    def _no_kind(self) -> None:
        kinds = kinds_in(self.written)
        if len(kinds) > 1:
            first, second = kinds[0].kind, kinds[1].kind
            place = self.written.entries[second].key
            self.problems.add(place, f"a fault is of one kind; this is '{first}' and '{second}'", "write two faults")
            return
        usual = _USUAL.union(*map(settings_of, FAULTS.values()))
        strange = [(nearest(key, FAULTS), key, place) for key, place, _ in self.written.items() if key not in usual]
        for hint, key, place in sorted(strange, key=lambda one: not one[0].startswith("did you mean")):
            self.problems.add(place, f"unknown fault kind '{key}'", hint)
            return
        self.problems.add(self.written.place, "what kind of fault is this?", f"one of {', '.join(FAULTS)}")

    # -- what its links carry --------------------------------------------------------------------------------------------

    def _of_what_the_links_carry(self, row: FaultKind) -> FaultKind:
        """The kind with the settings it has on links like those it is aimed at, all of which must carry the same."""
        if row.aim != "link":
            return row
        carried = {protocol: link for link in self._aimed() for protocol in [self.cast.topology.protocol(link)]}
        place = self.written.entries[row.kind].key
        if row.harms == "datagrams" and (not carried or "udp" in carried):
            return row
        if row.harms == "datagrams":
            self.problems.add(place, f"'{row.kind}' harms datagrams, and '{next(iter(carried.values()))}' carries none")
        elif row.harms == "messages" and set(carried) - {"http"}:
            link = next(link for protocol, link in carried.items() if protocol != "http")
            hint = f"what harms any bytes is {', '.join(kind for kind, one in FAULTS.items() if one.harms == 'bytes')}"
            self.problems.add(place, f"'{row.kind}' harms whole HTTP messages, and '{link}' carries none", hint)
        elif set(carried) == {"udp"} and row.kind not in DATAGRAM_FAULTS:
            hint = f"what does is {', '.join(DATAGRAM_FAULTS)}"
            self.problems.add(place, f"'{row.kind}' does not harm datagrams, and '{carried['udp']}' carries them", hint)
        elif "udp" in carried and len(carried) > 1:
            other = next(link for protocol, link in carried.items() if protocol != "udp")
            message = f"'{carried['udp']}' carries datagrams and '{other}' does not"
            self.problems.add(place, message, "write a fault for each")
        return DATAGRAM_FAULTS[row.kind] if set(carried) == {"udp"} and row.kind in DATAGRAM_FAULTS else row

    def _aimed(self) -> list[Link]:
        """The links it is aimed at, as far as what is written names any; what does not is told elsewhere."""
        silent = _Reading(self.written, self.cast, self.lasts_s, Problems())
        row = kind_of_fault(self.written)
        return list(silent._links(self.written.entries[row.kind].value, row)) if row is not None else []

    # -- its name --------------------------------------------------------------------------------------------------------

    def _name(self, row: FaultKind, places: dict[str, Place]) -> str:
        node = self.written.get("name")
        name, place = row.kind, self.written.entries[row.kind].key
        if isinstance(node, ScalarNode) and not node.is_nothing:
            name, place = node.text, node.place
            check_name(name, place, self.problems)
        if name in places:
            hint = "give this one a name: `name: ...`" if node is None else "take another name"
            self.problems.add(place, f"there is already something called '{name}', on line {places[name].line}", hint)
        places.setdefault(name, place)
        return name

    # -- its aim ---------------------------------------------------------------------------------------------------------

    def _aim(
        self, row: FaultKind, given: dict[str, Any], fault: Any
    ) -> tuple[tuple[tuple[Link, Direction], ...], tuple[str, ...], tuple[str, ...]]:
        """Links with their directions, nodes, and either in words."""
        node = self.written.entries[row.kind].value
        key = self.written.entries[row.kind].key
        if isinstance(node, ScalarNode) and node.is_nothing:
            self.problems.add(key, f"'{row.kind}' of what?", f"aim it at {_AIMS[row.aim]}")
            return (), (), ()
        if row.aim == "node":
            nodes = tuple(dict.fromkeys(self._services(node, row)))
            return (), nodes, nodes
        if row.aim == "groups":
            return self._severed(node, key, fault)
        links = tuple(dict.fromkeys(self._links(node, row)))
        if row.harms == "messages":
            self._check_readable(links, node.place)
        directions = _DIRECTIONS[given["direction"]] if "direction" in given else row.directions or (Direction.REQUEST,)
        return tuple((link, way) for link in links for way in directions), (), tuple(map(str, links))

    def _check_readable(self, links: Iterable[Link], place: Place) -> None:
        for link in links:
            if link.callee in self.cast.topology.speaking_tls:
                message = f"'{link}' is encrypted: nobody between the two can tell a request from the next"
                self.problems.add(place, message, "a fault of bytes works there; or take this one away: `faults.NAME: none`")
                return

    def _items(self, node: Node, row: FaultKind) -> Iterable[ScalarNode]:
        for item in node.items if isinstance(node, SequenceNode) else (node,):
            if isinstance(item, ScalarNode) and not item.is_nothing:
                yield item
            else:
                self.problems.add(item.place, f"'{row.kind}' should name {_AIMS[row.aim]}, not {kind_of(item)}")

    def _services(self, node: Node, row: FaultKind) -> Iterable[str]:
        for item in self._items(node, row):
            if item.text in self.cast.names:
                members = self.cast.topology.members(item.text)
                refused = why_not(self.cast.topology.node(members[0]), _DONE.get(row.kind, row.kind))
                if refused is None:
                    yield from members
                else:
                    self.problems.add(item.place, *refused)
            elif item.text in self.cast.loads:
                self.problems.add(item.place, f"'{item.text}' is a load; '{row.kind}' is for services")
            else:
                self.problems.add(item.place, f"there is no service '{item.text}'", nearest(item.text, self.cast.names))

    def _links(self, node: Node, row: FaultKind) -> Iterable[Link]:
        known = self.cast.links
        for item in self._items(node, row):
            try:
                wanted = Link.parse(item.text)
            except ValueError as error:
                self.problems.add(item.place, str(error), f"known here: {', '.join(map(str, known))}" if known else "")
                continue
            found = [
                link
                for link in known
                if self._is_meant(link.caller, wanted.caller) and self._is_meant(link.callee, wanted.callee)
            ]
            yield from found
            if not found:
                self._no_link(wanted, item.place)

    def _is_meant(self, node: str, by: str) -> bool:
        """By its own name, that of its group, or any."""
        return by == "*" or node in self.cast.topology.members(by)

    def _no_link(self, wanted: Link, place: Place) -> None:
        for end in (wanted.caller, wanted.callee):
            if end != "*" and end not in self.cast.places:
                self.problems.add(place, f"there is no '{end}' in this playbook", nearest(end, self.cast.places))
                return
        links = list(map(str, self.cast.links))
        turned = Link(wanted.callee, wanted.caller)
        hint = f"did you mean '{turned}'?" if str(turned) in links else nearest(str(wanted), links)
        self.problems.add(place, f"'{wanted.caller}' does not call '{wanted.callee}'", hint)

    def _severed(
        self, node: Node, key: Place, fault: Any
    ) -> tuple[tuple[tuple[Link, Direction], ...], tuple[str, ...], tuple[str, ...]]:
        groups = self._groups(node, key)
        if len(groups) < 2 or fault is None:
            return (), (), ()
        severed = tuple(cut(groups, self.cast.links, fault.one_way))
        if not severed and all(name in self.cast.places for group in groups for name in group):
            self.problems.add(
                node.place, "no call crosses this partition", "calls go between: " + ", ".join(map(str, self.cast.links))
            )
        return severed, (), tuple(dict.fromkeys(str(link) for link, _ in severed))

    def _groups(self, node: Node, key: Place) -> list[list[str]]:
        if not isinstance(node, SequenceNode) or len(node.items) < 2:
            self.problems.add(key, f"a partition needs {_AIMS['groups']}")
            return []
        groups: list[list[str]] = []
        for group in node.items:
            members = group.items if isinstance(group, SequenceNode) else (group,)
            names = [one for one in members if isinstance(one, ScalarNode)]
            if len(names) < len(members) or not names:
                self.problems.add(group.place, "a group is a list of names, like [order, payment]")
            for one in names:
                if one.text not in self.cast.places:
                    self.problems.add(
                        one.place, f"there is no '{one.text}' in this playbook", nearest(one.text, self.cast.places)
                    )
            groups.append([member for one in names for member in self.cast.topology.members(one.text)])
        return groups
