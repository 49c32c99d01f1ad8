"""What a playbook is about, as plain data: for ``chaos explain NAME`` and ``chaos list``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from chaoscli.load.offer import asked_for
from chaoscli.load.settings import Load
from chaoscli.playbook.course import place
from chaoscli.playbook.diagram import diagram
from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.playbook.meaning import CuePlan, FaultPlan, Playbook, Variant
from chaoscli.playbook.parameters import Parameter
from chaoscli.services.catalogue import KINDS
from chaoscli.services.foreign import ADDRESS, COMMAND
from chaoscli.settings import from_plain
from chaoscli.topology import NodeSpec, Topology

LOAD_DOC = "offers load: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the list of playbooks."""

    name: str
    group: str
    title: str
    variants: tuple[str, ...]
    lasts_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One node in a line: what it is called, what kind it is, what it does."""

    name: str
    kind: str
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One fault or cue of the timeline; ``only_in`` names the variants that have it, when not all do. What is over in the
    moment it is done ends when it begins; ``is_harm`` tells faults from cues."""

    at_s: float
    until_s: float | None
    name: str
    text: str
    targets: tuple[str, ...]
    only_in: tuple[str, ...] = ()
    is_harm: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One variant and what it changes, each as ``path: value``."""

    name: str
    summary: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Who calls whom, as lines of text; ``only_in`` names the variants that are wired so, when not all are."""

    lines: tuple[str, ...]
    only_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything there is to say of a playbook before it is played."""

    name: str
    title: str
    group: str
    teaches: tuple[str, ...]
    lesson: str
    drawings: tuple[Drawing, ...]
    parts: tuple[Part, ...]
    lasts_s: float
    timeline: tuple[Moment, ...]
    variants: tuple[Difference, ...]
    parameters: tuple[Parameter, ...]
    expectations: tuple[str, ...]
    notice: str
    next: str


def listed() -> tuple[Listed, ...]:
    """All shipped playbooks, in the order of the course."""
    playbooks = [load_playbook(one.path) for one in shipped()]
    lines = [
        Listed(
            name=one.name,
            group=one.group,
            title=one.title,
            variants=tuple(variant.name for variant in one.variants),
            lasts_s=one.lasts_s,
        )
        for one in playbooks
    ]
    return tuple(sorted(lines, key=lambda line: place(line.name, line.group)))


def explain(playbook: Playbook) -> Explanation:
    return Explanation(
        name=playbook.name,
        title=playbook.title,
        group=playbook.group,
        teaches=playbook.teaches,
        lesson=playbook.lesson,
        drawings=_drawings(playbook),
        parts=tuple(_parts(playbook)),
        lasts_s=playbook.lasts_s,
        timeline=_timeline(playbook),
        variants=tuple(Difference(name=one.name, summary=one.summary, changes=one.changes) for one in playbook.variants),
        parameters=playbook.parameters,
        expectations=(*rules(playbook), *(one.text for one in playbook.expectations)),
        notice=playbook.notice,
        next=playbook.next,
    )


def _drawings(playbook: Playbook) -> tuple[Drawing, ...]:
    """One for each way in which variants are wired."""
    wired: dict[tuple[str, ...], list[str]] = {}
    for variant in playbook.variants:
        wired.setdefault(diagram(variant.topology.by_group), []).append(variant.name)
    return tuple(Drawing(lines=lines, only_in=tuple(names) if len(wired) > 1 else ()) for lines, names in wired.items())


def _parts(playbook: Playbook) -> Iterator[Part]:
    """Whoever is in any variant, as the first of them has it."""
    told: set[str] = set()
    for variant in playbook.variants:
        topology = variant.topology.by_group
        for node in topology.nodes:
            if node.name not in told:
                told.add(node.name)
                yield _part(node, topology)


def _part(node: NodeSpec, topology: Topology) -> Part:
    if node.kind == "load":
        return Part(name=node.name, kind="load", doc=LOAD_DOC + asked_for(from_plain(Load, node.settings)))
    if node.kind == COMMAND:
        return Part(name=node.name, kind=node.kind, doc=shlex.join(node.settings["command"]))
    if node.kind == ADDRESS:
        return Part(name=node.name, kind=node.kind, doc=f"runs elsewhere, at {node.settings['address']}")
    return Part(name=node.name, kind=node.kind, doc=KINDS[node.kind].doc + replicas_in_words(node.name, topology, before="; "))


def replicas_in_words(name: str, topology: Topology, *, before: str) -> str:
    """``before`` and how many of it there are; nothing for one that has no replicas."""
    group = next((one for one in topology.groups if one.name == name), None)
    if group is None:
        return ""
    more = f", up to {len(group.members)}" if len(group.members) > group.replicas else ""
    return f"{before}{group.replicas} replica{'s' * (group.replicas != 1)}{more}"


def rules(playbook: Playbook) -> tuple[str, ...]:
    """What ends a play at once, in any variant."""
    return tuple(dict.fromkeys(f"abort: {rule.text}" for variant in playbook.variants for rule in variant.aborts))


def _timeline(playbook: Playbook) -> tuple[Moment, ...]:
    plans: list[FaultPlan | CuePlan] = []
    for variant in playbook.variants:
        plans += [plan for plan in _plans(variant) if plan not in plans]
    moments: list[Moment] = []
    for plan in plans:
        having = tuple(variant.name for variant in playbook.variants if plan in _plans(variant))
        moments += _moments(plan, having if len(having) < len(playbook.variants) else ())
    return tuple(sorted(moments, key=lambda moment: moment.at_s))


def _plans(variant: Variant) -> tuple[FaultPlan | CuePlan, ...]:
    return (*variant.faults, *variant.cues)


def _moments(plan: FaultPlan | CuePlan, only_in: tuple[str, ...]) -> Iterator[Moment]:
    at_once = isinstance(plan, CuePlan) and plan.is_instant
    if plan.when is not None:
        text = f"{plan.text}, when {plan.when.text}"
        yield Moment(at_s=plan.at_s, until_s=None, name=plan.name, text=text, targets=plan.targets, only_in=only_in,
            is_harm=isinstance(plan, FaultPlan))  # fmt: skip
        return
    for at_s, until_s in plan.lives:
        yield Moment(
            at_s=at_s, until_s=at_s if at_once else until_s, name=plan.name, text=plan.text, targets=plan.targets,
            only_in=only_in, is_harm=isinstance(plan, FaultPlan),
        )  # fmt: skip
