"""Bytes to a tree that remembers places; guards against everything a hostile or careless file can hold.

The parser's events are read one at a time and the tree is built here without recursion, so that depth, size and aliases are
bounded before anything is built from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NoReturn

import yaml

from chaoscli.errors import Place, PlaybookError, Problem
from chaoscli.playbook.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, nearest, problem

MAX_BYTES = 256 * 1024  # the longest playbook of the catalogue is under 8 KB; a list of 5,000 faults still fits
MAX_DEPTH = 32  # a playbook needs 8 levels; JSON bodies may nest some more
MAX_NODES = 50_000  # aliases count each time they are used, so that nine lines cannot stand for a billion values

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML calls a line break
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # both resolve no types: that is done by nodes.py
_Event = yaml.events.Event


def read_source(data: bytes, file: str) -> MappingNode:
    """The tree of a whole playbook. Raises PlaybookError for bytes that are no YAML mapping."""
    return _Reader(file, _decode(data, file)).document()


def read_value(text: str, file: str) -> Node:
    """The tree of one value, as after ``--set path=``. Raises PlaybookError."""
    return _Reader(file, _decode(text.encode("utf-8", "surrogateescape"), file)).value()


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        message = f"a playbook of more than {MAX_BYTES // 1024} KiB is not read"
        raise PlaybookError([problem(Place(file=file, line=1, column=1), message, "is it the right file?")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        place = _Reader(file, before + "\ufffd").place_at(len(before))
        raise PlaybookError([problem(place, "a playbook is written in UTF-8; this byte is not")]) from None
    bad = _NOT_PRINTABLE.search(text)
    if bad is not None:
        place = _Reader(file, text).place_at(bad.start())
        raise PlaybookError([problem(place, f"the character U+{ord(bad[0]):04X} may not stand in a playbook")])
    return text


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen yet."""

    place: Place
    anchor: str | None
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: ScalarNode | None = None


@dataclass
class _Reader:
    file: str
    text: str
    lines: list[str] = field(init=False)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    root: Node | None = None

    def __post_init__(self) -> None:
        self.lines = _LINE_BREAK.split(self.text)

    # -- places ----------------------------------------------------------------------------------------------------------

    def place_at(self, index: int) -> Place:
        """Of one character that may not be shown as it is."""
        before = _LINE_BREAK.split(self.text[:index])
        place = self._place(len(before) - 1, len(before[-1]), 1)
        return replace(place, text=_NOT_PRINTABLE.sub("\ufffd", place.text))

    def _place(self, line: int, column: int, width: int) -> Place:
        text = self.lines[line] if line < len(self.lines) else ""
        return Place(file=self.file, line=line + 1, column=column + 1, width=max(1, width), text=text)

    def _place_of(self, event: _Event) -> Place:
        start, end = event.start_mark, event.end_mark
        assert start is not None  # every event of a text has both
        assert end is not None
        if end.line == start.line:
            return self._place(start.line, start.column, end.column - start.column)
        line = self.lines[start.line] if start.line < len(self.lines) else ""
        return self._place(start.line, start.column, len(line.rstrip()) - start.column)

    # -- the two ways in -------------------------------------------------------------------------------------------------

    def document(self) -> MappingNode:
        root = self.value()
        hint = "start with `playbook: NAME`"
        if isinstance(root, ScalarNode) and root.is_nothing:
            self.fail(replace(root.place, line=1, column=1, width=1), "the playbook is empty", hint)
        if not isinstance(root, MappingNode):
            self.fail(root.place, "a playbook is a mapping of keys to values", hint)
        return root

    def value(self) -> Node:
        try:
            for event in self._events():
                self._take(event)
        except yaml.YAMLError as error:
            self._syntax_error(error)
        if self.problems:
            raise PlaybookError(self.problems)
        return self.root if self.root is not None else ScalarNode(self._place(0, 0, 1), "")

    def _events(self) -> Iterator[_Event]:
        return iter(yaml.parse(self.text, Loader=Loader))

    def fail(self, place: Place, message: str, hint: str = "") -> NoReturn:
        raise PlaybookError([*self.problems, problem(place, message, hint)])

    def _syntax_error(self, error: yaml.YAMLError) -> NoReturn:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        place = self._place(mark.line, mark.column, 1) if mark is not None else self._place(0, 0, 1)
        context = getattr(error, "context", None)
        since = getattr(error, "context_mark", None)
        where = f" ({context} from line {since.line + 1})" if context and since is not None else ""
        self.fail(place, f"this is not YAML: {problem}{where}", _syntax_hint(problem, place))

    # -- building --------------------------------------------------------------------------------------------------------

    def _take(self, event: _Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self.fail(self._place_of(event), "a file holds one playbook; a second document starts here")
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event)
            node = ScalarNode(self._place_of(event), event.value, plain=event.implicit[0])
            self._place_node(node, event.anchor, 1)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._refuse_tag(event)
        place = self._place_of(event)
        if len(self.stack) >= MAX_DEPTH:
            self.fail(place, f"a playbook nests at most {MAX_DEPTH} levels deep")
        above = self.stack[-1] if self.stack else None
        if above is not None and above.is_mapping and above.key is None:
            self.fail(place, "a key is a single word, not a collection")
        self.stack.append(_Open(place, event.anchor, isinstance(event, yaml.MappingStartEvent)))

    def _close(self) -> None:
        done = self.stack.pop()
        node = MappingNode(done.place, done.entries) if done.is_mapping else SequenceNode(done.place, tuple(done.items))
        self._place_node(node, done.anchor, 1)

    def _alias(self, event: yaml.AliasEvent) -> None:
        place, name = self._place_of(event), str(event.anchor)
        if name not in self.anchors:
            if any(one.anchor == name for one in self.stack):
                self.fail(place, f"'*{name}' stands inside of what it names")
            self.fail(place, f"nothing above is named '&{name}'", _near_anchor(name, self.anchors))
        node, size = self.anchors[name]
        self._place_node(node, None, size)

    def _place_node(self, node: Node, anchor: str | None, size: int) -> None:
        """Put a finished node where it belongs. ``size`` is how many nodes it adds."""
        self.count += size
        if self.count > MAX_NODES:
            self.fail(node.place, f"a playbook holds at most {MAX_NODES:,} values, aliases counted each time")
        if anchor is not None:
            self.anchors[anchor] = (node, _size(node))
        if not self.stack:
            self.root = node
            return
        above = self.stack[-1]
        if not above.is_mapping:
            above.items.append(node)
        elif above.key is None:
            self._key(above, node)
        else:
            self._entry(above, above.key, node)

    def _key(self, above: _Open, node: Node) -> None:
        if not isinstance(node, ScalarNode):
            self.fail(node.place, "a key is a single word, not a collection")
        above.key = node

    def _entry(self, above: _Open, key: ScalarNode, value: Node) -> None:
        above.key = None
        first = above.entries.get(key.text)
        if first is not None:
            message = f"'{key.text}' is written twice; first on line {first.key.line}"
            self.problems.append(problem(key.place, message, "keep one of them"))
            return
        above.entries[key.text] = Entry(key.place, value)

    def _refuse_tag(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self.fail(self._place_of(event), f"the tag '{shown}' has no meaning in a playbook", "leave the tag out")


def _size(node: Node) -> int:
    """How many nodes there are in a tree that is known to be small enough."""
    if isinstance(node, MappingNode):
        return 1 + sum(1 + _size(entry.value) for entry in node.entries.values())
    if isinstance(node, SequenceNode):
        return 1 + sum(_size(item) for item in node.items)
    return 1


def _near_anchor(name: str, anchors: dict[str, tuple[Node, int]]) -> str:
    return nearest(name, anchors) if anchors else "quote a value that starts with '*'"


def _syntax_hint(problem: str, place: Place) -> str:
    if "tab" in problem or place.text[place.column - 1 : place.column] == "\t":
        return "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "quote a value that holds ': ', and check the indentation"
    if "cannot start any token" in problem:
        return "quote a value that starts with this character"
    return ""
