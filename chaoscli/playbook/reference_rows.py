"""What a reference page is made of, and how the keys of a model become its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_TYPES = {"string": "text", "integer": "number", "number": "number", "boolean": "true | false", "object": "mapping"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that may be written: its name, how its value is written, what holds without it (empty: it must be given)."""

    name: str
    written: str = ""
    usual: str = ""
    doc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """``source`` says where it comes from. ``beside`` is a table: settings, our defaults, those of the libraries whose names head
    its columns."""

    heading: str
    doc: str = ""
    text: str = ""
    rows: tuple[Row, ...] = ()
    source: str = ""
    beside: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    title: str
    lead: str
    sections: tuple[Section, ...]
    example: str = ""


def rows_of(
    schema: Schema, *, only: frozenset[str] | None = None, leaving_out: frozenset[str] = frozenset(), first: str = ""
) -> tuple[Row, ...]:
    """The keys of one model, those that must be given before the others."""
    properties = schema["properties"]
    needed = set(schema.get("required", ()))
    names = [name for name in properties if (only is None or name in only) and name not in leaving_out]
    names.sort(key=lambda name: (name != first, name not in needed))
    return tuple(_row(name, properties[name], needed=name in needed) for name in names)


def _row(name: str, schema: Schema, *, needed: bool) -> Row:
    usual = schema.get("default", "")
    shown = {True: "true", False: "false"}.get(usual, str(usual)) if isinstance(usual, bool) else str(usual)
    return Row(name=name, written=_written(schema), usual="must be given" if needed else shown, doc=schema.get("description", ""))


def _written(schema: Schema) -> str:
    """How a value is written, in a few words."""
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_written(one) for one in schema["anyOf"]))
    if "$ref" in schema:
        return "mapping"
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " | ".join(dict.fromkeys("none" if one is None else str(one) for one in schema["enum"]))
    if "examples" in schema:
        return str(schema["examples"][0])
    if schema.get("pattern") == "->":
        return "a -> b"
    if schema.get("type") == "array":
        items = schema.get("items", {})
        return f"[{_written(items)}, ...]" if items else "list"
    if schema.get("type") == "null":
        return "none"
    return _TYPES.get(str(schema.get("type", "")), "any")


def nested(schema: Schema) -> Iterator[Section]:
    """A section for each key whose value is a mapping with a model of its own."""
    for key, written in schema["properties"].items():
        for reference in _references(written):
            model = schema["$defs"][reference]
            yield Section(heading=key, doc=model.get("description", "").replace("``", "`"), rows=rows_of(model))


def _references(schema: Schema) -> Iterator[str]:
    """The models that a value may be, or hold."""
    if "$ref" in schema:
        yield str(schema["$ref"]).rpartition("/")[2]
    inside = (*schema.get("anyOf", ()), *schema.get("allOf", ()), schema.get("items"), schema.get("additionalProperties"))
    for one in inside:
        if isinstance(one, Mapping):
            yield from _references(one)
