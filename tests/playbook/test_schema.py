"""The JSON Schema is that of the language: what is right fits it, and the commonest slips do not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chaoscli.faults.catalogue import FAULTS
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.playbook.load import shipped
from chaoscli.playbook.nodes import value_of
from chaoscli.playbook.schema import playbook_schema
from chaoscli.playbook.source import read_source
from tests.playbook.texts import SMALL

SCHEMA = playbook_schema()
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def fits(value: Any, schema: Any) -> bool:
    """Enough of JSON Schema for this one; an unknown word in it would be an error here."""
    if isinstance(schema, bool):
        return schema
    return all(_rule(word, meant, value, schema) for word, meant in schema.items())


def _rule(word: str, meant: Any, value: Any, schema: dict[str, Any]) -> bool:
    match word:
        case "$ref":
            return fits(value, SCHEMA["$defs"][meant.rpartition("/")[2]])
        case "anyOf":
            return any(fits(value, one) for one in meant)
        case "type":
            names = [meant] if isinstance(meant, str) else meant
            return any(isinstance(value, TYPES[name]) and (name == "boolean") == isinstance(value, bool) for name in names)
        case "enum":
            return value in meant
        case "const":
            return bool(value == meant)
        case "pattern":
            return not isinstance(value, str) or re.search(meant, value) is not None
        case "required":
            return not isinstance(value, dict) or set(meant) <= set(value)
        case "properties":
            return not isinstance(value, dict) or all(fits(value[key], one) for key, one in meant.items() if key in value)
        case "additionalProperties":
            rest = (
                [one for key, one in value.items() if key not in schema.get("properties", {})] if isinstance(value, dict) else []
            )
            return all(fits(one, meant) for one in rest)
        case "items":
            return not isinstance(value, list) or all(fits(one, meant) for one in value)
        case "minItems" | "minProperties":
            return not isinstance(value, list | dict) or len(value) >= meant
        case "maxProperties":
            return not isinstance(value, dict) or len(value) <= meant
        case "description" | "title" | "default" | "examples" | "$schema" | "$defs":
            return True
    raise AssertionError(f"the schema uses '{word}', which this test does not know")


def written(text: str) -> Any:
    return value_of(read_source(text.encode(), "some.yaml"))


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.name)
def test_every_shipped_playbook_fits_the_schema(one: Any) -> None:
    assert fits(written(one.path.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize(
    "more",
    [
        "variants: { one: , two: { order.workers: 3, summary: less } }",
        "faults:\n  - { slow: [order, inventory], by: 2x }\n  - { partition: [order, [inventory]], mode: reset }",
        "expect: [success > 1%, { one: success > 2% }]",
        "faults: []",
    ],
)
def test_every_way_of_writing_fits_the_schema(more: str) -> None:
    assert fits(written(SMALL + more), SCHEMA)


def test_a_parameter_may_stand_for_any_value() -> None:
    more = "parameters: { some: 4, way: one }\nseed: ${some}\nvariants: { one: { order.workers: '${some}' } }\n"
    text = SMALL.replace("workers: 4", 'workers: "${some}", discipline: "${way}"') + more
    assert fits(written(text), SCHEMA)
    assert not fits(written(text.replace('"${some}", disc', "$some, disc")), SCHEMA)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("workers: 4", "wrokers: 4"),
        ("workers: 4", "workers: many"),
        ("lasts: 10s", "last: 10s"),
        ("timeout: 300ms", "timeout: [300ms]"),
        ("timeout: 300ms", "retry: { backoff: sometimes }"),
        ("inventory: {", "stock: {"),
        ("request: POST order /api/orders", "requests: POST order /api/orders"),
        ("load:\n", "faults: [{ slow: order }]\nload:\n"),
        ("load:\n", "faults: [{ latncy: order -> inventory, delay: 1ms }]\nload:\n"),
        ("load:\n", "faults: { slow: order, by: 2x }\nload:\n"),
    ],
)
def test_the_commonest_slips_do_not_fit_the_schema(right: str, wrong: str) -> None:
    assert fits(written(SMALL), SCHEMA)
    assert not fits(written(SMALL.replace(right, wrong)), SCHEMA)


def keys_of(schema: Any) -> list[tuple[str, Any]]:
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    own = list(schema["properties"].items()) if isinstance(schema, dict) and isinstance(schema.get("properties"), dict) else []
    return [*own, *(found for one in inner for found in keys_of(one))]


def test_every_key_of_every_part_has_a_description() -> None:
    # The names of services are keys too, and stand for what their definition describes.
    assert [key for key, one in keys_of(SCHEMA) if "description" not in one and "anyOf" not in one] == []


def test_defaults_are_shown_as_a_person_would_write_them() -> None:
    policy, retry = SCHEMA["$defs"]["Policy"]["properties"], SCHEMA["$defs"]["Retry"]["properties"]
    assert policy["timeout"]["default"] == "5s"
    assert policy["retry"]["default"] == "none"
    assert (retry["attempts"]["default"], retry["base"]["default"], retry["factor"]["default"]) == (3, "100ms", "2x")
    assert "default" not in SCHEMA["$defs"]["Load"]["properties"]["request"]


def test_every_fault_there_is_can_be_completed() -> None:
    offered = [one["$ref"].rpartition("/")[2] for one in SCHEMA["properties"]["faults"]["anyOf"][0]["items"]["anyOf"]]
    assert [next(iter(SCHEMA["$defs"][name]["properties"])) for name in offered] == [*FAULTS, *DATAGRAM_FAULTS]
