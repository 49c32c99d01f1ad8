"""A fault and what it is aimed at, as a program says it: settings, or the line ``latency 50ms on order -> inventory``.

Behind the last `` on `` stands what the kind is aimed at: a link, several with commas, or ``* -> inventory``; a service or
several, for ``slow`` and ``clock_skew``; groups with bars between them (``partition on order, payment | inventory``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from chaoscli.control.fault_text import LinkFault, parse_fault
from chaoscli.errors import UsageError
from chaoscli.faults.base import Direction
from chaoscli.faults.catalogue import FAULTS, Fault, FaultKind, describe
from chaoscli.faults.partition import Partition, cut
from chaoscli.playbook.meaning import FaultPlan
from chaoscli.topology import Link, Topology

ON = " on "


def aimed(
    fault: str | Fault | Partition, on: str | None, *, name: str, topology: Topology, at_s: float, direction: str = ""
) -> FaultPlan:
    """The plan of it, from ``at_s`` until it is healed. FaultTextError or UsageError for what is wrong with it."""
    if isinstance(fault, str) and on is None and ON not in fault:
        raise UsageError(f"'{fault}' of what?", hint="say it like 'latency 50ms on order -> inventory'")
    if isinstance(fault, str):
        text, _, aim = fault.rpartition(ON) if on is None else (fault, "", on)
        read = parse_fault(text, "fault", kinds=FAULTS)
        if read.duration_s is not None:
            raise UsageError(f"'{fault}': it lasts as long as the block it stands in", hint="leave out `for`")
    else:
        if on is None:
            raise UsageError(f"{describe(fault)} of what?", hint="say it with on=, like on='order -> inventory'")
        read, aim = _read(fault, direction), on
    return _plan(read, aim.strip(), name or read.kind, topology, at_s)


def _read(fault: Any, direction: str) -> LinkFault:
    row = FAULTS.get(getattr(fault, "kind", ""))
    if row is None or not isinstance(fault, row.settings):
        raise UsageError(f"{fault!r} is no fault that a link or a service can have", hint="`chaos explain faults` lists them")
    directions = (
        (Direction(direction),) if direction in ("request", "reply") else tuple(Direction) if direction else row.directions
    )
    return LinkFault(kind=row.kind, fault=fault, given={}, directions=directions or (Direction.REQUEST,))


def _plan(read: LinkFault, aim: str, name: str, topology: Topology, at_s: float) -> FaultPlan:
    row, fault, text = FAULTS[read.kind], read.fault, describe(read.fault)
    links: Sequence[tuple[Link, Direction]] = ()
    nodes: tuple[str, ...] = ()
    if row.aim == "node":
        nodes = tuple(_service(one.strip(), topology) for one in aim.split(","))
        targets = nodes
    elif row.aim == "groups":
        links = _severed(fault, aim, topology)
        text = text.replace(row.kind, f"{row.kind} {' '.join(aim.split())}", 1)
        fault = fault.fault  # type: ignore[union-attr]
    else:
        links = [(link, way) for link in _links(aim, row, topology) for way in read.directions]
    if row.aim != "node":
        targets = tuple(dict.fromkeys(str(link) for link, _ in links))
    return FaultPlan(
        name=name, kind=row.kind, at_s=at_s, until_s=None, text=text, targets=targets, fault=fault,
        links=tuple(links), nodes=nodes, share=read.share,
    )  # fmt: skip


def _links(aim: str, row: FaultKind, topology: Topology) -> list[Link]:
    found: list[Link] = []
    for one in aim.split(","):
        try:
            wanted = Link.parse(one)
        except ValueError as error:
            raise UsageError(str(error), hint=_there_are("links", topology.links)) from None
        meant = [link for link in topology.links if wanted.caller in ("*", link.caller) and wanted.callee in ("*", link.callee)]
        if not meant:
            raise UsageError(f"'{wanted.caller}' does not call '{wanted.callee}'", hint=_nearest(str(wanted), topology.links))
        found += meant
    return list(dict.fromkeys(found))


def _service(name: str, topology: Topology) -> str:
    known = [node.name for node in topology.services]
    if name not in known:
        raise UsageError(f"there is no service '{name}'", hint=_nearest(name, known))
    return name


def _severed(fault: Any, aim: str, topology: Topology) -> list[tuple[Link, Direction]]:
    groups = [group.replace(",", " ").split() for group in aim.split("|")]
    known = [node.name for node in topology.nodes]
    for name in (name for group in groups for name in group if name not in known):
        raise UsageError(f"there is no '{name}' here", hint=_nearest(name, known))
    if len(groups) < 2 or not all(groups):
        raise UsageError(f"'{aim}' is not two groups", hint="write them like 'order, payment | inventory'")
    severed = cut(groups, topology.links, fault.one_way)
    if not severed:
        raise UsageError("no call crosses this partition", hint=_there_are("links", topology.links))
    return severed


def _nearest(name: str, known: Iterable[object]) -> str:
    names = list(map(str, known))
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else _there_are("names", names)


def _there_are(what: str, known: Iterable[object]) -> str:
    return f"the {what} here are {', '.join(map(str, known)) or 'none'}"
