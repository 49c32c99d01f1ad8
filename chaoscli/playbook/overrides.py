"""Dotted paths: what a variant or ``--set`` changes, applied to the tree, so that a problem points at the change itself.

``order.calls.inventory.retry: {...}`` replaces what stands there; ``none`` in the place of a service, a load, a call, a
fault or a cue takes it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaoscli.errors import Place, PlaybookError
from chaoscli.playbook.naming import name_of_item, names_in
from chaoscli.playbook.nodes import Entry, MappingNode, Node, Problems, ScalarNode, SequenceNode, nearest, problem
from chaoscli.playbook.source import MAX_DEPTH, read_value

# What a variant may change. The rest of the script is the same for all variants, or they could not be compared.
VARIED = ("services", "load", "faults", "cues", "layers")


@dataclass(frozen=True, slots=True)
class Override:
    """``path`` as it was written at ``place``, and what shall stand there. ``variant`` empty: in every variant."""

    path: str
    place: Place
    value: Node
    variant: str = ""

    def place_of(self, number: int) -> Place:
        """The place of one segment of the path, so that the caret stands under the word that is wrong."""
        segments = self.path.split(".")
        if self.place.width != len(self.path):  # quoted, or from somewhere else: the whole key
            return self.place
        before = sum(len(one) + 1 for one in segments[:number])
        return replace(self.place, column=self.place.column + before, width=max(1, len(segments[number])))


def read_override(text: str) -> Override:
    """From ``path=value`` or ``variant:path=value``, as after ``--set``. Raises PlaybookError."""
    path, equals, value = text.partition("=")
    variant, colon, rest = path.partition(":")
    if not colon or "." in variant:  # a variant's name has no dots; a port's colon comes after some: gate.calls.db:admin
        variant, colon, rest = "", "", path
    place = Place(file="--set", line=1, column=1 + len(variant) + len(colon), width=max(1, len(rest)), text=text)
    if not equals or not rest.strip():
        hint = "write `--set order.calls.inventory.timeout=2s`"
        raise PlaybookError([problem(place, f"'{text}' is not an override", hint)])
    return Override(rest.strip(), place, _value(text, value, len(path) + 1), variant.strip())


def _value(text: str, value: str, before: int) -> Node:
    def moved(place: Place) -> Place:
        # The reader finds a missing end on the line below the last.
        column = place.column + before if place.line == 1 else len(text) + 1
        return replace(place, line=1, column=column, text=text)

    try:
        return _with_places(read_value(value, "--set"), moved(Place(file="--set", line=1, column=1, width=max(1, len(value)))))
    except PlaybookError as error:
        raise PlaybookError([replace(one, place=moved(one.place)) for one in error.problems]) from None


def _with_places(node: Node, place: Place) -> Node:
    """The whole value has one place: what is written on a command line is short."""
    if isinstance(node, MappingNode):
        return MappingNode(place, {key: Entry(place, _with_places(value, place)) for key, _, value in node.items()})
    if isinstance(node, SequenceNode):
        return SequenceNode(place, tuple(_with_places(item, place) for item in node.items))
    return replace(node, place=place)


def apply(root: MappingNode, changes: Sequence[Override], problems: Problems, *, varied_only: bool) -> MappingNode:
    """The playbook's tree with these changes made, one after the other; those that lead nowhere are problems."""
    for change in changes:
        root = _Path(change, problems, varied_only).apply_to(root)
    return root


@dataclass
class _Path:
    change: Override
    problems: Problems
    varied_only: bool

    def apply_to(self, root: MappingNode) -> MappingNode:
        segments = self.change.path.split(".")
        if not all(segments):
            self._problem(0, f"'{self.change.path}' is not a path", "like `order.calls.inventory.timeout`")
            return root
        if len(segments) > MAX_DEPTH:
            self._problem(
                0, f"a path of {len(segments)} names leads nowhere; a playbook nests at most {MAX_DEPTH} levels deep", ""
            )
            return root
        top = self._top(root, segments)
        if top is None:
            return root
        skipped = len(segments) - len(top)  # negative when the path left out "services", "load", "faults" or "cues"
        changed = self._put(root, top, skipped)
        return changed if isinstance(changed, MappingNode) else root

    def _top(self, root: MappingNode, segments: list[str]) -> list[str] | None:
        """The path from the top of the file; None (and a problem) when it starts nowhere."""
        first = segments[0]
        for section in VARIED:
            if first in names_in(root.get(section)):
                return [section, *segments]
        if first in VARIED or (not self.varied_only and (first in root.entries or len(segments) == 1)):
            return segments
        if first in root.entries:
            self._problem(0, f"a variant cannot change '{first}'", "variants play the same script side by side")
            return None
        known = [*(name for section in VARIED for name in names_in(root.get(section))), *VARIED]
        self._problem(0, f"'{first}' is no service, load, fault or cue of this playbook", nearest(first, known))
        return None

    def _put(self, node: Node | None, path: list[str], number: int) -> Node | None:
        """``node`` with the value put at the end of ``path``, whose first segment is number ``number`` of the written one."""
        place = self.change.place_of(max(0, number))
        if node is None or (isinstance(node, ScalarNode) and node.is_nothing):
            node = MappingNode(place, {})
        if isinstance(node, SequenceNode):
            return self._put_in_list(node, path, number)
        if isinstance(node, ScalarNode):
            self._problem(number, f"'{node.text}' stands here, which has no '{path[0]}' inside", "")
            return node
        before = node.entries.get(path[0])
        if len(path) > 1:
            below = self._put(before.value if before else None, path[1:], number + 1)
        else:
            below = None if self._takes_away(number) else self.change.value
        if below is None:
            return node.without(path[0])
        return node.with_entry(path[0], Entry(before.key if before and len(path) > 1 else place, below))

    def _put_in_list(self, node: SequenceNode, path: list[str], number: int) -> Node:
        """A list of faults or cues (or of calls): its items go by their names."""
        names = [name_of_item(item) for item in node.items]
        if path[0] not in names:
            self._problem(number, f"there is no '{path[0]}' in this list", nearest(path[0], filter(None, names)))
            return node
        at = names.index(path[0])
        if len(path) > 1:
            below = self._put(node.items[at], path[1:], number + 1)
        else:
            below = None if self._takes_away(number) else self.change.value
        return SequenceNode(node.place, (*node.items[:at], *([below] if below is not None else []), *node.items[at + 1 :]))

    def _takes_away(self, number: int) -> bool:
        """``none`` for a service, a load, a fault, a cue or a call; everywhere else it is a value like any other."""
        value = self.change.value
        segments = self.change.path.split(".")
        whole = len(segments) <= (2 if segments[0] in VARIED else 1)
        is_none = isinstance(value, ScalarNode) and value.plain and (value.is_nothing or value.text == "none")
        return is_none and (whole or segments[-2] == "calls") and number == len(segments) - 1

    def _problem(self, number: int, message: str, hint: str) -> None:
        self.problems.add(self.change.place_of(max(0, number)), message, hint)


def summary_of(node: Node) -> str:
    """A value on one line, as YAML's flow style writes it."""
    if isinstance(node, MappingNode):
        return "{" + ", ".join(f"{key}: {summary_of(value)}" for key, _, value in node.items()) + "}"
    if isinstance(node, SequenceNode):
        return "[" + ", ".join(map(summary_of, node.items)) + "]"
    return " ".join(node.text.split()) or "none"
