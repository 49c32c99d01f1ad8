"""Parameters: what a playbook leaves to whoever plays it. ``${name}`` stands for one wherever a value is written.

They are filled into the tree before anything else is read from it, so that a value that does not fit is a problem where it is
used, and every variant may use them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from chaoscli.load.template import OWN
from chaoscli.playbook.model import Part, optional, part
from chaoscli.playbook.naming import names_in
from chaoscli.playbook.nodes import (
    Entry,
    MappingNode,
    Node,
    Problems,
    ScalarNode,
    SequenceNode,
    kind_of,
    mapping_or_empty,
    nearest,
    shortened,
    value_of,
)
from chaoscli.playbook.overrides import Override
from chaoscli.playbook.wording import read_part
from chaoscli.units import BYTE_RATE, DURATION, FACTOR, RATE, SHARE, SIZE, UnitError

SECTION = "parameters"
# Each is a line of help; and a value is one value, however often it is used.
MAX_PARAMETERS = 50
LONGEST_VALUE = 500

Type = Literal["text", "integer", "number", "boolean", "duration", "rate", "share", "size", "bandwidth", "factor"]
_UNITS = {"duration": DURATION, "rate": RATE, "share": SHARE, "size": SIZE, "bandwidth": BYTE_RATE, "factor": FACTOR}
_MEANT = {"text": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
_BLANK = re.compile(r"\$\{\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*\}")
# Where something else fills in blanks of its own: a load its values, a command its port and its neighbours.
_OTHER_BLANKS = frozenset({"load", "command", "environment", "ready", "health", "lesson", "notice", "title"})

PARAMETER: type[Part] = part(
    "Parameter",
    {
        "type": (Type, optional("how its value is written; without, as the default is")),
        "default": (Any, optional("its value unless `--set NAME=VALUE` says otherwise; without one it must be set")),
        "help": (str, optional("what it is for, shown by `chaos explain`")),
        "one_of": (list[Any], optional("all it may be")),
    },
    "What whoever plays it may choose; a bare value is short for `default`.",
)
PARAMETER_DOC = "values left to whoever plays it: `--set NAME=VALUE`; `${NAME}` stands for one wherever a value is written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter as it was played: ``value`` and ``default`` as text, the default empty where there is none."""

    name: str
    type: str
    value: str
    default: str = ""
    help: str = ""
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The tree without its parameters, what they were, and the overrides that were none of theirs."""

    tree: MappingNode
    parameters: tuple[Parameter, ...]
    overrides: tuple[Override, ...]


def fill_in(root: MappingNode, overrides: Sequence[Override], problems: Problems) -> Filled:
    entry = root.entries.get(SECTION)
    if entry is None:
        return Filled(tree=root, parameters=(), overrides=tuple(overrides))
    section = mapping_or_empty(entry.value, entry.key, f"'{SECTION}'", problems)
    if len(section.entries) > MAX_PARAMETERS:
        problems.add(entry.key, f"{len(section.entries)} parameters are too many; at most {MAX_PARAMETERS}")
        section = section.first(MAX_PARAMETERS)
    _check_names(section, root, problems)
    chosen = {one.path: one for one in overrides if one.path in section.entries and not one.variant}
    values: dict[str, ScalarNode] = {}
    read: list[Parameter] = []
    for name, place, written in section.items():
        values[name], parameter = _Declared(name, Entry(place, written), problems).read(chosen.get(name))
        read.append(parameter)
    misspelt = {one.path for one in overrides if _is_misspelt(one, section, root, problems)}
    tree = root.without(SECTION)
    filled = MappingNode(
        tree.place, {key: Entry(one.key, _filled(one.value, values, key, problems)) for key, one in tree.entries.items()}
    )
    rest = tuple(
        replace(one, value=_filled(one.value, values, "load", problems))
        for one in overrides
        if one.path not in {*chosen, *misspelt}
    )
    return Filled(tree=filled.with_entry(SECTION, entry), parameters=tuple(read), overrides=rest)


def _is_misspelt(one: Override, section: MappingNode, root: MappingNode, problems: Problems) -> bool:
    """A single word that is neither a parameter nor a key of the playbook, but nearly the former."""
    if "." in one.path or one.path in section.entries or one.path in root.entries:
        return False
    hint = nearest(one.path, section.entries)
    if hint.startswith("did you mean"):
        problems.add(one.place, f"there is no parameter '{one.path}'", hint)
    return hint.startswith("did you mean")


def _check_names(section: MappingNode, root: MappingNode, problems: Problems) -> None:
    for name, place, _ in section.items():
        if not name.isidentifier() or not name.isascii() or len(name) > 40:
            problems.add(
                place, f"'{name}' is no name of a parameter: letters, digits and '_', starting with a letter, 40 at most"
            )
        elif name in (*OWN, "port", "url"):
            problems.add(place, f"a parameter cannot be called '{name}': `${{{name}}}` means something of its own")
        for other in ("services", "load", "faults", "cues"):
            if name in names_in(root.get(other)):
                problems.add(place, f"'{name}' is the name of something in '{other}', and `--set {name}=` would mean either")


@dataclass
class _Declared:
    """One parameter being read."""

    name: str
    entry: Entry
    problems: Problems

    def read(self, chosen: Override | None) -> tuple[ScalarNode, Parameter]:
        """Its value, and what there is to tell of it."""
        written, what = self.entry.value, f"parameter '{self.name}'"
        if not isinstance(written, MappingNode):
            written = MappingNode(written.place, {"default": Entry(self.entry.key, written)})
        model = read_part(PARAMETER, written, self.entry.key, what, self.problems)
        given = model.given() if model is not None else {}
        default = self._scalar(written.get("default"), "default")
        kind = given.get("type") or (_kind_of_scalar(default) if default is not None else "text")
        choices = [str(one) for one in given.get("one_of", ())]
        node, place = default, default.place if default is not None else self.entry.key
        if chosen is not None:
            node = self._scalar(chosen.value, "value")
            place = chosen.value.place
        if node is None:
            if chosen is None and model is not None and "default" not in written.entries:
                self.problems.add(self.entry.key, f"{what} has no default", f"say what it is: `--set {self.name}=...`")
        else:
            why = _misfit(node, kind, choices)
            if why:
                self.problems.add(place, f"{what} {why[0]}", why[1])
                node = default if node is not default else None
        shown = " ".join(str(given.get("help", "")).split())
        value, usual = (one.text if one is not None else "" for one in (node, default))
        if node is None:  # some value that fits, so that what uses it is not a problem of its own
            node = ScalarNode(place, choices[0] if choices else _example(kind))
        return node, Parameter(name=self.name, type=kind, value=value, default=usual, help=shown, one_of=tuple(choices))

    def _scalar(self, node: Node | None, what: str) -> ScalarNode | None:
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or node.is_nothing:
            self.problems.add(node.place, f"the {what} of parameter '{self.name}' is one value, not {kind_of(node)}")
            return None
        if len(node.text) > LONGEST_VALUE:
            self.problems.add(node.place, f"the {what} of parameter '{self.name}' has more than {LONGEST_VALUE} characters")
            return None
        return node


def _kind_of_scalar(node: ScalarNode) -> str:
    value = value_of(node)
    if not node.plain:
        return "text"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    return next((kind for kind, unit in _UNITS.items() if _parses(unit.parse, node.text)), "text")


def _example(kind: str) -> str:
    unit = _UNITS.get(kind)
    return unit.example if unit is not None else {"text": "text", "boolean": "true"}.get(kind, "1")


def _parses(parse: Callable[[str], float], text: str) -> bool:
    try:
        parse(text)
    except UnitError:
        return False
    return True


def _misfit(node: ScalarNode, kind: str, choices: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a value, and the way out; None when it fits."""
    shown = f"'{shortened(' '.join(node.text.split()), 60)}'"
    if choices and node.text not in choices:
        hint = nearest(node.text, choices)
        return f"is {shown}, which is not one of {', '.join(choices)}", hint if hint.startswith("did you mean") else ""
    value = value_of(node)
    unit = _UNITS.get(kind)
    if unit is not None:
        return None if _parses(unit.parse, node.text) else (f"should be a {unit.name}, not {shown}", f"like {unit.example}")
    fits = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
    }
    return None if fits.get(kind, True) else (f"should be {_MEANT[kind]}, not {shown}", "")


def _filled(node: Node, values: Mapping[str, ScalarNode], key: str, problems: Problems) -> Node:
    """The tree with every blank of a parameter filled in. ``key`` is what the node is the value of."""
    if isinstance(node, MappingNode):
        inside = (lambda name: key) if key in _OTHER_BLANKS else (lambda name: name)
        return MappingNode(
            node.place,
            {name: Entry(one.key, _filled(one.value, values, inside(name), problems)) for name, one in node.entries.items()},
        )
    if isinstance(node, SequenceNode):
        return SequenceNode(node.place, tuple(_filled(item, values, key, problems) for item in node.items))
    return _filled_scalar(node, values, key, problems)


def _filled_scalar(node: ScalarNode, values: Mapping[str, ScalarNode], key: str, problems: Problems) -> ScalarNode:
    if "${" not in node.text:
        return node
    whole = _BLANK.fullmatch(node.text)
    if whole is not None and whole["name"] in values:
        value = values[whole["name"]]
        return ScalarNode(node.place, value.text, value.plain)
    if whole is not None and key not in _OTHER_BLANKS:
        problems.settle(node.place, f"there is no parameter '{whole['name']}'", nearest(whole["name"], values))
        return node

    def text_of(blank: re.Match[str]) -> str:
        value = values.get(blank["name"])
        return blank[0] if value is None else value.text

    return replace(node, text=_BLANK.sub(text_of, node.text))
