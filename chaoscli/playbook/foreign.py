"""Services that are not ours, as a playbook writes them: their texts, what these may ask for, and where the program runs."""

from __future__ import annotations

import functools
import os.path
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator

from chaoscli.errors import Place
from chaoscli.playbook.model import Part, optional, part, settings_fields, within
from chaoscli.playbook.naming import names_in
from chaoscli.playbook.nodes import Entry, MappingNode, Node, Problems, ScalarNode, SequenceNode, nearest
from chaoscli.playbook.replicas import topology_fields
from chaoscli.services.foreign import ADDRESS, COMMAND, FOREIGN, blanks, fillable, named
from chaoscli.topology import NodeSpec

# How long it takes to start, and when it has too much to do, is its own affair.
_PROPERTIES = ("replicas", "restart", "restart_after", "restart_times")
_PORT = "the port that it is told to listen on by ${port}; any free one without"


@functools.cache
def foreign_part(kind: str) -> type[Part]:
    """What may be written for a service that is a command, or an address; ``calls`` aside."""
    row = FOREIGN[kind]
    if kind != COMMAND:
        return part(row.settings.__name__, settings_fields(row.settings), row.doc)
    more = {"port": (Annotated[int, AfterValidator(within(1, 65535))], optional(_PORT))}
    more |= {key: field for key, field in topology_fields().items() if key in _PROPERTIES}
    return part(row.settings.__name__, {**settings_fields(row.settings), **more}, row.doc)


def foreign_kind(written: Node | None) -> str | None:
    """Which kind of foreign service this is, by its keys; None when it is one of ours."""
    return next((kind for kind in FOREIGN if isinstance(written, MappingNode) and kind in written.entries), None)


def protocol_written(services: MappingNode, callee: str) -> str:
    """What a callee speaks, as far as can be told before everything is read; ``http`` when it is ours."""
    name, port = named(callee)
    written = services.get(name)
    kind = foreign_kind(written)
    if kind is None or not isinstance(written, MappingNode):
        return "http"
    ports = written.get("ports")
    said = ports.get(port) if port and isinstance(ports, MappingNode) else written.get("protocol")
    return said.text if isinstance(said, ScalarNode) else {COMMAND: "http"}.get(kind, "tcp")


def ports_written(services: MappingNode, name: str) -> list[str]:
    """The names of a service's further ports."""
    written = services.get(name)
    return names_in(written.get("ports")) if isinstance(written, MappingNode) and foreign_kind(written) else []


def with_texts(written: MappingNode, problems: Problems) -> MappingNode:
    """Commands as lists of words, and every word and variable a text: nobody quotes the 5 of `sleep 5`."""
    for key in ("command", "health", "env"):
        entry = written.entries.get(key)
        if entry is None:
            continue
        value = entry.value
        if key == "command":
            value = _words(value, problems)
        elif isinstance(value, MappingNode):
            value = with_texts(value, problems) if key == "health" else _texts(value)
        written = written.with_entry(key, Entry(entry.key, value))
    return written


def _words(node: Node, problems: Problems) -> Node:
    if isinstance(node, ScalarNode) and not node.is_nothing:
        try:
            return SequenceNode(node.place, tuple(ScalarNode(node.place, word, plain=False) for word in shlex.split(node.text)))
        except ValueError as error:
            problems.add(node.place, f"these are no words of a command: {str(error).lower()}", "a quote has no end")
            return SequenceNode(node.place, (ScalarNode(node.place, node.text, plain=False),))
    return _texts(node)


def _texts(node: Node) -> Node:
    if isinstance(node, SequenceNode):
        return SequenceNode(node.place, tuple(map(_texts, node.items)))
    if isinstance(node, MappingNode):
        return MappingNode(node.place, {key: Entry(entry.key, _texts(entry.value)) for key, entry in node.entries.items()})
    return replace(node, plain=False)


def check_blanks(what: str, written: MappingNode, calls: Iterable[str], problems: Problems) -> None:
    """Everything in ${...} is something there is to fill in."""
    known = fillable(names_in(written.get("ports")), calls)
    for text, place in _filled_texts(written):
        for blank in blanks(text):
            if blank not in known and not (blank.startswith("env.") and blank != "env."):
                problems.add(place, _no_such(what, blank, calls), _hint(blank, known))


def check_ports(name: str, written: MappingNode, calls: Iterable[str], problems: Problems) -> None:
    """${port.NAME} must mean one thing."""
    called = {named(callee)[0] for callee in calls}
    ports = written.get("ports")
    for port, place, _ in ports.items() if isinstance(ports, MappingNode) else ():
        if port in called:
            problems.add(
                place, f"'{name}' calls a service '{port}', so ${{port.{port}}} would mean two things", "rename the port"
            )


def why_not(node: NodeSpec, what: str) -> tuple[str, str] | None:
    """Why ``what``, a cue or a fault of nodes, cannot be done to a service that is not ours, and the way out."""
    if node.kind == ADDRESS:
        return (
            f"'{node.name}' runs elsewhere: it is not for us to {what} it",
            "harm its links, or start it here: `command:`",
        )
    if node.kind == COMMAND and what == "slow":
        hint = f"make its replies late: `late: * -> {node.name}`"
        return f"'{node.name}' is a program of its own: we cannot make its work slow", hint
    return None


def placed(settings: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """With the folder that the command runs in seen from here, where it was seen from the playbook's own."""
    folder = os.path.join(os.path.dirname(place.file), str(settings.get("cwd") or ""))
    return {**settings, "cwd": os.path.normpath(folder) if folder else "."}


def _filled_texts(written: MappingNode) -> Iterator[tuple[str, Place]]:
    for key in ("command", "env", "cwd", "health"):
        for node in _scalars(written.get(key), key):
            yield node.text, node.place


def _scalars(node: Node | None, key: str) -> Iterator[ScalarNode]:
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _scalars(item, key)
    elif isinstance(node, MappingNode):
        for name, _, value in node.items():
            if name != "log":  # a regular expression has dollar signs and braces of its own
                yield from _scalars(value, key)


def _no_such(what: str, blank: str, calls: Iterable[str]) -> str:
    kind, dot, callee = blank.partition(".")
    if dot and kind in ("url", "host", "port") and callee not in calls:
        return f"'${{{blank}}}': {what} does not call '{callee}'"
    return f"there is nothing to fill in for '${{{blank}}}'"


def _hint(blank: str, known: Iterable[str]) -> str:
    hint = nearest(blank, known)
    return hint.replace("'", "'${", 1).replace("'?", "}'?") if hint.startswith("did you mean") else hint
