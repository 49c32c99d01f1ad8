"""What is done to those on stage, and when: the cues, from the tree to plans, and whether they make sense one after another."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from chaoscli.errors import Place
from chaoscli.playbook.cast import Cast, check_name
from chaoscli.playbook.conditions import names_on_stage, read_condition
from chaoscli.playbook.cue_kinds import CUES, CueKind
from chaoscli.playbook.foreign import why_not
from chaoscli.playbook.lives import check_lives
from chaoscli.playbook.meaning import CuePlan
from chaoscli.playbook.model import Fields, Part, optional, part, quantity, within
from chaoscli.playbook.naming import cue_kinds_in, usual_name_of_cue
from chaoscli.playbook.nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, kind_of, mappings_of, nearest
from chaoscli.playbook.replicas import MOST_REPLICAS
from chaoscli.playbook.times import read_times, time_fields
from chaoscli.playbook.wording import read_part
from chaoscli.units import RATE, format_rate

MAX_CUES = 1_000  # as for faults: the schedule of one stays readable to nobody

_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_AIMS = {
    "service": "a service, or a list of them",
    "group": "a service that has replicas",
    "load": "a load",
    "either": "a service or a load, or a list of them",
}
_USUAL = frozenset({"name", "at", "for", "every", "until", "when", "rate", "to"})
# What ends which, where it has no end of its own.
_ENDS = {"kill": "restart", "pause": "resume"}


def read_cues(
    root: MappingNode, cast: Cast, lasts_s: float | None, places: dict[str, Place], problems: Problems
) -> tuple[CuePlan, ...]:
    """The plans in the order written. ``lasts_s`` None: not known, so nothing is held against it. ``places`` has every name that
    is taken, and gets those of the cues."""
    read: list[tuple[CuePlan, Place]] = []
    for item in mappings_of(root, "cue", MAX_CUES, "{kill: inventory, at: 2s, for: 1s}", problems):
        plan = _Reading(item, cast, lasts_s, problems).plan(places)
        if plan is not None:
            read.append((plan, item.entries[plan.kind].value.place))
    check_lives([one for one in read if one[0].kind != "scale"], _who_comes_and_goes(cast, read), problems)
    plans = [plan for plan, _ in read]
    return tuple(_with_its_end(plan, plans) for plan in plans)


@functools.cache
def cue_part(kind: str) -> type[Part]:
    """What may be written for a cue of this kind."""
    row = CUES[kind]
    aimed: Any = Annotated[Any, WithJsonSchema({"type": "string"} if row.aim in ("load", "group") else _NAMES)]
    undone = f" With `for`, {row.undone} after that." if row.undone else ""
    fields: Fields = {
        kind: (aimed, Field(description=f"{row.doc}{undone} Aimed at {_AIMS[row.aim]}.")),
        "name": (str, optional("what expectations and the story call it; without, like `kill-order`")),
        **time_fields(may_last=row.lasts),
    }
    if kind == "scale":
        count = Annotated[int, AfterValidator(within(1, MOST_REPLICAS))]
        fields["to"] = (count, Field(description="how many replicas there are to be"))
    if kind == "load":
        fields["rate"] = (quantity(RATE), Field(description="requests started each second from then on"))
    return part(f"{kind.capitalize()}Cue", fields, row.doc)


def _who_comes_and_goes(cast: Cast, read: list[tuple[CuePlan, Place]]) -> frozenset[str]:
    """Nodes that start or stop by a rule as well: what state they are in at some instant is not for the script to know."""
    scaled = {target for plan, _ in read if plan.kind == "scale" for target in plan.targets}
    scaled |= {group.name for group in cast.topology.groups if group.rule is not None}
    waiting = {target for plan, _ in read if plan.when is not None for target in plan.targets}
    by_a_rule = {node.name for node in cast.topology.services if node.restarts or node.group in scaled}
    return frozenset(waiting | by_a_rule)


def _with_its_end(plan: CuePlan, plans: list[CuePlan]) -> CuePlan:
    """A kill lasts until the last of its nodes is started again, a pause until the last of them is resumed."""
    if plan.until_s is not None or plan.again or plan.kind not in _ENDS:
        return plan
    ends = [_first_after(plan.at_s, _ENDS[plan.kind], target, plans) for target in plan.targets]
    known = [end for end in ends if end is not None]
    return replace(plan, until_s=max(known)) if len(known) == len(ends) else plan


def _first_after(at_s: float, kind: str, target: str, plans: list[CuePlan]) -> float | None:
    instants = [begins for one in plans if one.kind == kind and target in one.targets for begins, _ in one.lives]
    return min((instant for instant in instants if instant > at_s), default=None)


@dataclass
class _Reading:
    """One cue being read."""

    written: MappingNode
    cast: Cast
    lasts_s: float | None
    problems: Problems

    def plan(self, places: dict[str, Place]) -> CuePlan | None:
        rows = cue_kinds_in(self.written)
        if len(rows) != 1:
            self._no_kind(rows)
            return None
        row = rows[0]
        key = self.written.entries[row.kind].key
        model = read_part(cue_part(row.kind), self.written, key, f"cue '{row.kind}'", self.problems)
        given = model.given() if model is not None else {}
        name = self._name(row, places)
        times = read_times(self.written, given, self.lasts_s, "a cue", self.problems)
        when = read_condition(self.written.get("when"), names_on_stage(self.cast), self.problems)
        names = tuple(dict.fromkeys(self._targets(self.written.entries[row.kind].value, key, row)))
        if row.kind == "load":
            self._check_has_rate(names)
        if model is None or not names:
            return None
        members = (member for name in names for member in self.cast.topology.members(name))
        targets = names if row.aim == "group" else tuple(dict.fromkeys(members))
        if times.again and row.undone and times.until_s is None and not self._comes_back(row, targets):
            place = self.written.entries["every"].value.place
            self.problems.add(place, f"'{row.kind}' every so often needs `for`: how long each time")
        rate, replicas = given.get("rate"), given.get("to")
        return CuePlan(
            name=name, kind=row.kind, at_s=times.at_s, until_s=times.until_s, again=times.again,
            when=when, targets=targets, rate=rate,
            replicas=replicas, text=_text(row, names, rate, replicas), undone=bool(row.undone) and times.until_s is not None,
        )  # fmt: skip

    def _comes_back(self, row: CueKind, targets: Iterable[str]) -> bool:
        """By a policy of its own."""
        return row.kind == "kill" and all(self.cast.topology.node(target).restarts for target in targets)

    def _check_has_rate(self, loads: Iterable[str]) -> None:
        for load in loads:
            users = self.cast.topology.node(load).settings.get("users")
            if users:
                message = f"'{load}' has no rate to change: its {users} users wait for their answers"
                self.problems.add(self.written.entries["load"].value.place, message, "`pause` stops them for a while")

    def _no_kind(self, rows: list[CueKind]) -> None:
        if len(rows) > 1:
            first, second = rows[0].kind, rows[1].kind
            place = self.written.entries[second].key
            self.problems.add(place, f"a cue does one thing; this is '{first}' and '{second}'", "write two cues")
            return
        strange = [(nearest(key, CUES), key, place) for key, place, _ in self.written.items() if key not in _USUAL]
        for hint, key, place in sorted(strange, key=lambda one: not one[0].startswith("did you mean")):
            self.problems.add(place, f"unknown cue '{key}'", hint)
            return
        self.problems.add(self.written.place, "what is to be done?", f"one of {', '.join(CUES)}")

    def _name(self, row: CueKind, places: dict[str, Place]) -> str:
        node = self.written.get("name")
        name, place = usual_name_of_cue(self.written) or row.kind, self.written.entries[row.kind].key
        if isinstance(node, ScalarNode) and not node.is_nothing:
            name, place = node.text, node.place
            check_name(name, place, self.problems)
        if name in places:
            hint = "give this one a name: `name: ...`" if node is None else "take another name"
            self.problems.add(place, f"there is already something called '{name}', on line {places[name].line}", hint)
        places.setdefault(name, place)
        return name

    def _targets(self, node: Node, key: Place, row: CueKind) -> Iterable[str]:
        if (isinstance(node, ScalarNode) and node.is_nothing) or (isinstance(node, SequenceNode) and not node.items):
            self.problems.add(key, f"'{row.kind}' of what?", f"aim it at {_AIMS[row.aim]}")
            return
        for item in node.items if isinstance(node, SequenceNode) else (node,):
            if not isinstance(item, ScalarNode) or item.is_nothing:
                self.problems.add(item.place, f"'{row.kind}' should name {_AIMS[row.aim]}, not {kind_of(item)}")
            elif self._is_one(item, row):
                yield item.text

    def _is_one(self, item: ScalarNode, row: CueKind) -> bool:
        services, loads = self.cast.names, self.cast.loads
        groups = tuple(group.name for group in self.cast.topology.groups)
        known = {"service": services, "load": loads, "either": (*services, *loads), "group": groups}[row.aim]
        if item.text in known:
            refused = why_not(self.cast.topology.node(self.cast.topology.members(item.text)[0]), row.kind)
            if refused is not None:
                self.problems.add(item.place, *refused)
            return refused is None
        if item.text in loads:
            self.problems.add(item.place, f"'{item.text}' is a load; '{row.kind}' is for services", "`pause` stops a load")
        elif item.text in services and row.aim == "group":
            self.problems.add(item.place, f"'{item.text}' has no replicas to scale", "write `replicas: 1` for it, or more")
        elif item.text in services:
            self.problems.add(item.place, f"'{item.text}' is a service; '{row.kind}' is for loads")
        else:
            what = "load" if row.aim == "load" else "service"
            self.problems.add(item.place, f"there is no {what} '{item.text}'", nearest(item.text, known))
        return False


def _text(row: CueKind, named: tuple[str, ...], rate: float | None, replicas: int | None) -> str:
    names = ", ".join(named)
    if rate is not None:
        return f"{names} at {format_rate(rate)}"
    return f"{row.kind} {names}" if replicas is None else f"{row.kind} {names} to {replicas}"
