"""Pydantic's findings in the project's own words, at their places in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chaoscli.errors import Place
from chaoscli.playbook.model import Part
from chaoscli.playbook.nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, kind_of, nearest, shortened, value_of

P = TypeVar("P", bound=Part)


def read_part(model: type[P], node: MappingNode, place: Place, what: str, problems: Problems) -> P | None:
    """The mapping as ``model``; None when it has problems, which are added.

    ``place`` is where the mapping's name is written, ``what`` says what it is ("service 'order'").
    """
    try:
        return model.model_validate(value_of(node))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _add(detail, model, node, place, what, problems)
        return None


def _add(detail: ErrorDetails, model: type[Part], node: MappingNode, place: Place, what: str, problems: Problems) -> None:
    found, key_place, last = _walk(node, place, detail["loc"])
    where = what if last is None else f"'{last}'"
    kind = detail["type"]
    if kind == "missing":
        key = str(detail["loc"][-1])
        problems.add(key_place, f"{where} needs '{key}'", _help_for(model, detail["loc"]))
    elif kind == "extra_forbidden":
        inside = _walk(node, place, detail["loc"][:-1])[0]
        key, known = str(detail["loc"][-1]), _keys_of(model, detail["loc"][:-1])
        problems.add(key_place, f"unknown key '{key}' in {_owner(detail['loc'], what)}", _hint_for_key(key, known, inside))
    else:
        problems.add(_place_of(detail, found, key_place), *_words(detail, found, where))


def _place_of(detail: ErrorDetails, found: Node, key_place: Place) -> Place:
    """The value itself when it is written on its own; of settings that do not fit together, the one that says so."""
    culprit = getattr(detail.get("ctx", {}).get("error"), "field", "")
    if isinstance(found, MappingNode) and culprit in found.entries:
        entry = found.entries[culprit]
        found, key_place = entry.value, entry.key
    return found.place if isinstance(found, ScalarNode) and not found.is_nothing else key_place


def _owner(location: tuple[int | str, ...], what: str) -> str:
    names = [str(step) for step in location[:-1] if isinstance(step, str)]
    return f"'{names[-1]}' of {what}" if names else what


def _walk(node: Node, place: Place, location: tuple[int | str, ...]) -> tuple[Node, Place, str | None]:
    """The node a location leads to, the place of its key, and that key; steps that are pydantic's own are passed over."""
    last: str | None = None
    for step in location:
        if isinstance(node, MappingNode) and step in node.entries:
            entry = node.entries[str(step)]
            node, place, last = entry.value, entry.key, str(step)
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            place = node.place
    return node, place, last


def _words(detail: ErrorDetails, node: Node, where: str) -> tuple[str, str]:
    """Message and hint for a value that does not fit."""
    kind, context = detail["type"], detail.get("ctx", {})
    said = str(context.get("error", ""))
    if isinstance(node, ScalarNode) and node.is_nothing:
        return f"{where} has no value", said
    if kind == "value_error":
        return said, ""
    shown = f"'{shortened(' '.join(node.text.split()), 60)}'" if isinstance(node, ScalarNode) else kind_of(node)
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"{shown} is not one of {', '.join(allowed)}", _near_only(node, allowed)
    if kind == "string_pattern_mismatch":
        return f"{shown} is no name: letters, digits, '-' and '_', starting with a letter", ""
    if kind == "string_type" and isinstance(node, ScalarNode):
        return f"{shown} is {kind_of(node)}, not text", "put it in quotes"
    for start, meant in _MEANT.items():
        if kind.startswith(start):
            return f"{where} should be {meant}, not {shown}", ""
    return f"{where}: {detail['msg'][:1].lower()}{detail['msg'][1:]}", ""


_MEANT = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "dict": "a mapping",
    "model": "a mapping",
    "mapping": "a mapping",
    "tuple": "a list",
    "list": "a list",
}


def _near_only(node: Node, allowed: list[str]) -> str:
    hint = nearest(node.text, allowed) if isinstance(node, ScalarNode) else ""
    return hint if hint.startswith("did you mean") else ""


def _help_for(model: type[Part], location: tuple[int | str, ...]) -> str:
    """What a missing key would say, from the field's own help; only the model's own fields are looked up."""
    if len(location) != 1:
        return ""
    field = next((one for one in model.model_fields.values() if one.alias == location[0]), None)
    return (field.description or "") if field is not None else ""


def _hint_for_key(key: str, known: list[str], inside: Node) -> str:
    """The key that was meant, which may stand there already (an override's does); or those that do not yet."""
    hint = nearest(key, known)
    if hint.startswith("did you mean"):
        return hint
    present = inside.entries if isinstance(inside, MappingNode) else {}
    return nearest(key, [one for one in known if one not in present])


def _keys_of(model: type[Part], location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    whole: dict[str, Any] = model.model_json_schema(by_alias=True)
    found = [whole]
    for step in location:
        found = [inside for schema in found for inside in _below(schema, step, whole.get("$defs", {}))]
    return list(dict.fromkeys(key for schema in found for key in schema.get("properties", {})))


def _below(schema: dict[str, Any], step: int | str, definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What may stand at ``step`` of a value, behind references and choices. A list that is short for a mapping has no steps."""
    inside = (
        schema.get("items")
        if isinstance(step, int)
        else schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    )
    if isinstance(inside, dict):
        yield from _followed(inside, definitions)


def _followed(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        yield from _followed(definitions.get(str(schema["$ref"]).rpartition("/")[2], {}), definitions)
        return
    choices = (*schema.get("anyOf", ()), *schema.get("allOf", ()))
    yield from (one for choice in choices for one in _followed(choice, definitions))
    if not choices:
        yield schema
