"""The tree of a playbook's text: every key and every value remembers its place, so that every problem can point at one."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chaoscli.errors import Place, Problem

MAX_MESSAGE = 300  # three lines on a screen; what is longer quotes something that is no name

# Each problem is three lines on a screen; whoever has more than these has one mistake many times.
MAX_PROBLEMS = 100

# YAML 1.2's core schema, less what nobody writes in a playbook: `no`, `on` and `yes` are text, so are `.inf` and `0x1f`.
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHING = ("", "~", "null", "Null", "NULL")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")  # 18 digits: what a signed 64-bit integer surely holds
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value; ``plain`` is false for quoted and block text, which is text whatever it looks like."""

    place: Place
    text: str
    plain: bool = True

    @property
    def is_nothing(self) -> bool:
        return self.plain and self.text in _NOTHING


@dataclass(frozen=True, slots=True)
class SequenceNode:
    place: Place
    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``key: value``; ``key`` is the place of the key."""

    key: Place
    value: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    place: Place
    entries: dict[str, Entry]

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.value if entry else None

    def items(self) -> Iterator[tuple[str, Place, Node]]:
        return ((key, entry.key, entry.value) for key, entry in self.entries.items())

    def with_entry(self, key: str, entry: Entry) -> MappingNode:
        """The same mapping with one entry replaced (where it was) or added (at the end)."""
        return MappingNode(self.place, {**self.entries, key: entry})

    def first(self, count: int) -> MappingNode:
        return MappingNode(self.place, dict(list(self.entries.items())[:count]))

    def without(self, key: str) -> MappingNode:
        return MappingNode(self.place, {one: entry for one, entry in self.entries.items() if one != key})


Node = ScalarNode | SequenceNode | MappingNode


def value_of(node: Node) -> Any:
    """The plain Python value: dict, list, str, int, float, bool or None."""
    if isinstance(node, MappingNode):
        return {key: value_of(value) for key, _, value in node.items()}
    if isinstance(node, SequenceNode):
        return [value_of(item) for item in node.items]
    return _scalar_value(node)


def _scalar_value(node: ScalarNode) -> Any:
    text = node.text
    if not node.plain:
        return text
    if text in _NOTHING:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def kind_of(node: Node) -> str:
    """What the node is, in a word a person would use."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    value = _scalar_value(node)
    if value is None:
        return "nothing"
    return {bool: "true or false", int: "a number", float: "a number"}.get(type(value), "text")


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint: the known word that ``word`` was probably meant to be, or all there are."""
    choices = list(dict.fromkeys(known))
    folded = {choice.casefold().replace("-", "_"): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold().replace("-", "_")[:80], folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    if not choices:
        return ""
    shown = ", ".join(choices[:12])
    return f"known here: {shown}{', ...' if len(choices) > 12 else ''}"


def problem(place: Place, message: str, hint: str = "") -> Problem:
    """A problem whose words stay readable however long the names are that it quotes."""
    return Problem(message=shortened(message, MAX_MESSAGE), place=place, hint=shortened(hint, MAX_MESSAGE))


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


class TooManyProblemsError(Exception):
    """Nobody reads on; looking for more only costs time."""


class Problems:
    """Collects problems; the same one found again (through another variant) counts once. Raises TooManyProblemsError when
    there are MAX_PROBLEMS."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str], Problem] = {}
        self._settled: set[tuple[str, int, int]] = set()

    def settle(self, place: Place, message: str, hint: str = "") -> None:
        """The only problem there is to be at ``place``: what else is found there follows from it."""
        self.add(place, message, hint)
        self._settled.add((place.file, place.line, place.column))

    def add(self, place: Place, message: str, hint: str = "") -> None:
        if (place.file, place.line, place.column) in self._settled:
            return
        self._found.setdefault((place.file, place.line, place.column, message), problem(place, message, hint))
        if len(self._found) >= MAX_PROBLEMS:
            raise TooManyProblemsError

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found.values())


def mapping_or_empty(node: Node | None, place: Place, what: str, problems: Problems) -> MappingNode:
    """The node as a mapping; nothing there is an empty one, and anything else is a problem and an empty one."""
    if isinstance(node, MappingNode):
        return node
    if node is not None and not (isinstance(node, ScalarNode) and node.is_nothing):
        problems.add(node.place, f"{what} should be a mapping, not {kind_of(node)}")
    return MappingNode(node.place if node is not None else place, {})


def mappings_of(root: MappingNode, word: str, most: int, example: str, problems: Problems) -> Iterator[MappingNode]:
    """The items of the section that lists each ``word``; what is no mapping, or a list that is none or too long, is a problem."""
    section = f"{word}s"
    node = root.get(section)
    if node is None or (isinstance(node, ScalarNode) and node.is_nothing):
        return
    if not isinstance(node, SequenceNode):
        problems.add(
            root.entries[section].key, f"'{section}' should be a list, not {kind_of(node)}", f"start each {word} with '- '"
        )
        return
    if len(node.items) > most:
        problems.add(node.place, f"{len(node.items)} {section} are too many; at most {most}")
        return
    for item in node.items:
        if isinstance(item, MappingNode):
            yield item
        else:
            problems.add(item.place, f"a {word} is a mapping, not {kind_of(item)}", f"like {example}")
