"""Where plain JSON is not what its settings want, by the names that stand in the file: ``plan.faults[0].at_s``.

``from_plain`` makes values of what ``to_plain`` wrote, and trusts it. What somebody has edited since needs a look first.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

# JSON's own names of what is no number, and `1e999`, come as floats. No figure of ours is near this one.
LARGEST = 1e300
# Of a value that is quoted: enough to find it again.
MOST_SHOWN = 60


def misfits(hint: Any, plain: Any, place: str) -> Iterator[str]:
    """Sentences without an end, each about one place. Fields that are not there and have a default are no misfits, nor are
    fields that nobody knows: another version may."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        yield from _endless(plain, place)
    elif origin in (Union, types.UnionType):
        if plain is not None:
            yield from misfits(next(one for one in inner if one is not type(None)), plain, place)
    elif origin is Literal:
        if plain not in inner:
            yield f"{place} is {shown(plain)}, and may be {', '.join(inner)}"
    elif origin is tuple:
        yield from _of_list(inner[0], plain, place)
    elif dataclasses.is_dataclass(hint):
        yield from _of_object(hint, plain, place)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _of_mapping(inner[1], plain, place)
    elif not _is(hint, plain):
        yield f"{place} is {shown(plain)}, and is to be {_WANTED[hint]}"


def shown(plain: Any) -> str:
    """As it stands in the file, or how that begins."""
    text = json.dumps(plain, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


_WANTED = {bool: "true or false", int: "a whole number", float: "a finite number", str: "a text"}


def _is(kind: type, plain: Any) -> bool:
    if kind is float:
        return isinstance(plain, int | float) and not isinstance(plain, bool) and -LARGEST <= plain <= LARGEST
    return isinstance(plain, kind) and (kind is bool or not isinstance(plain, bool))


def _of_object(kind: Any, plain: Any, place: str) -> Iterator[str]:
    if not isinstance(plain, dict):
        yield f"{place or 'the whole'} is {shown(plain)}, and is to be an object"
        return
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if field.name in plain:
            yield from misfits(hints[field.name], plain[field.name], f"{place}.{field.name}" if place else field.name)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            yield f"{place or 'it'} lacks '{field.name}'"


def _of_list(each: Any, plain: Any, place: str) -> Iterator[str]:
    if not isinstance(plain, list):
        yield f"{place} is {shown(plain)}, and is to be a list"
        return
    for number, item in enumerate(plain):
        yield from misfits(each, item, f"{place}[{number}]")


def _of_mapping(each: Any, plain: Any, place: str) -> Iterator[str]:
    if not isinstance(plain, dict):
        yield f"{place} is {shown(plain)}, and is to be an object"
        return
    for name, item in plain.items():
        yield from misfits(each, item, f"{place}['{name}']")


def _endless(plain: Any, place: str) -> Iterator[str]:
    if isinstance(plain, dict):
        yield from _of_mapping(Any, plain, place)
    elif isinstance(plain, list):
        yield from _of_list(Any, plain, place)
    elif isinstance(plain, float) and not _is(float, plain):
        yield f"{place} is {shown(plain)}, and is to be {_WANTED[float]}"
