"""An event survives its line, and lines survive versions."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli import events
from chaoscli.event_lines import KINDS, decode, encode, from_fields, to_fields
from chaoscli.events import Event, Noted
from chaoscli.messages import Result

ALL = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event]

FINITE = st.floats(allow_nan=False, allow_infinity=False)
OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    float: FINITE,
    int: st.integers(min_value=-(2**53), max_value=2**53),
    str: st.text(max_size=20),
    bool: st.booleans(),
    Result: st.sampled_from(Result),
    float | None: st.none() | FINITE,
    tuple[str, ...]: st.lists(st.text(max_size=5), max_size=3).map(tuple),
}


def any_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = get_type_hints(kind)
    values = {field.name: OF_TYPE.get(hints[field.name], st.just({"sku": "BOOK-001"})) for field in dataclasses.fields(kind)}
    return st.builds(kind, **values)


def test_every_kind_of_event_has_a_name_on_the_wire() -> None:
    assert set(KINDS.values()) == set(ALL)


@pytest.mark.parametrize("kind", ALL)
@given(data=st.data())
def test_an_event_comes_back_from_its_line_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(any_of(kind))
    line = encode(event)
    assert "\n" not in line
    assert decode(line) == event


def test_a_kind_of_a_later_version_is_passed_over() -> None:
    assert decode('{"event":"teleported","at":1.0}') is None


def test_a_field_of_a_later_version_is_passed_over_and_one_that_an_earlier_one_lacked_takes_its_default() -> None:
    line = {"event": "noted", "at": 1.0, "source": "order", "text": "hello", "mood": "cheerful"}
    assert from_fields(line) == Noted(at=1.0, source="order", text="hello", level="info")


def test_a_line_is_one_flat_object_that_names_its_kind_first() -> None:
    event = Noted(at=1.5, source="order", text="hello")
    assert list(to_fields(event)) == ["event", "at", "source", "text", "level"]
    assert json.loads(encode(event)) == to_fields(event)
