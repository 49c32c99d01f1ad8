"""What things in the tree go by, before anything is known to be right about them."""

from __future__ import annotations

import functools

from chaoscli.faults.catalogue import FAULTS, FaultKind
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.playbook.cue_kinds import CUES, CueKind
from chaoscli.playbook.model import settings_fields
from chaoscli.playbook.nodes import MappingNode, Node, ScalarNode, SequenceNode


def names_in(section: Node | None) -> list[str]:
    """The names of a section's members: a mapping's keys, or the names of a list's items."""
    if isinstance(section, MappingNode):
        return list(section.entries)
    if isinstance(section, SequenceNode):
        return [name for name in map(name_of_item, section.items) if name is not None]
    return []


def name_of_item(item: Node) -> str | None:
    """What an item of a list goes by: its name, else the kind of fault it is, or what the cue does to whom; or its own text."""
    if isinstance(item, ScalarNode):
        return item.text
    if not isinstance(item, MappingNode):
        return None
    name = item.get("name")
    if isinstance(name, ScalarNode) and not name.is_nothing:
        return name.text
    row = kind_of_fault(item)
    return row.kind if row is not None else usual_name_of_cue(item)


def kind_of_fault(written: MappingNode) -> FaultKind | None:
    """The kind whose name is a key; None when there is none, or more than one."""
    found = kinds_in(written)
    return found[0] if len(found) == 1 else None


def kinds_in(written: MappingNode) -> list[FaultKind]:
    """Every kind of fault whose name is a key. No setting of a fault is called like a kind."""
    return [FAULTS.get(key) or DATAGRAM_FAULTS[key] for key in written.entries if key in FAULTS or key in DATAGRAM_FAULTS]


@functools.cache
def settings_of(kind: FaultKind) -> frozenset[str]:
    return frozenset(settings_fields(kind.settings))


def cue_kinds_in(written: MappingNode) -> list[CueKind]:
    """Every kind of cue whose name is a key."""
    return [CUES[key] for key in written.entries if key in CUES]


def usual_name_of_cue(written: MappingNode) -> str | None:
    """``kill-order`` for ``kill: order``; the kind alone where it is done to several."""
    found = cue_kinds_in(written)
    if len(found) != 1:
        return None
    target = written.get(found[0].kind)
    return f"{found[0].kind}-{target.text}" if isinstance(target, ScalarNode) and not target.is_nothing else found[0].kind
