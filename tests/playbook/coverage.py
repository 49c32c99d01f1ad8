"""What a playbook uses of the language: every key the schema knows, and every word it offers as a value.

A key that many models share, with the same help, is one key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.playbook.test_schema import SCHEMA, fits

Used = tuple[str, str, Any]  # key, its help, and the word that was its value; None for the key itself
_OFF = ("none", None)


def offered() -> set[Used]:
    """All there is."""
    found: set[Used] = set()
    for schema in (SCHEMA, *SCHEMA["$defs"].values()):
        for key, prop in schema.get("properties", {}).items():
            found.add((key, _help(key, prop), None))
            found |= {(key, _help(key, prop), word) for word in _words(prop)}
    return found


def used_by(playbook: Any) -> set[Used]:
    return set(_used(playbook, SCHEMA))


def _help(key: str, prop: Any) -> str:
    """What takes its time is told of each kind of service in its own words, and is one key."""
    return "" if key == "service_time" else str(prop.get("description", ""))


def _words(prop: Any) -> Iterator[Any]:
    yield from (word for word in prop.get("enum", ()) if word not in _OFF)
    for one in (*prop.get("anyOf", ()), *([prop["items"]] if "items" in prop else [])):
        yield from _words(one)


def _used(value: Any, schema: Any) -> Iterator[Used]:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _used(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    for one in schema.get("anyOf", ()):
        if fits(value, one):
            yield from _used(value, one)
    if isinstance(value, list):
        for item in value:
            yield from _used(item, schema.get("items"))
    if not isinstance(value, dict):
        return
    properties = schema.get("properties", {})
    for key, inside in value.items():
        if key not in properties:
            yield from _used(inside, schema.get("additionalProperties"))
            continue
        help_text = _help(key, properties[key])
        yield key, help_text, None
        said = inside if isinstance(inside, list) else [inside]
        yield from ((key, help_text, word) for word in set(_words(properties[key])) if word in said)
        yield from _used(inside, properties[key])
