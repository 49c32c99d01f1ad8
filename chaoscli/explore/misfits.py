"""Where plain JSON is not what its settings want, by the names that stand in the file: ``plan.faults[0].at_s``.

``from_plain`` makes values of what ``to_plain`` wrote, and trusts it. What somebody has edited since needs a look first.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from chaoscli.units import Unit

# No time, rate or size of ours is near it, and what is beyond it overflows somewhere or never ends.
LARGEST = 1e15
# Of a value that is quoted: enough to find it again.
MOST_SHOWN = 60


def misfits(hint: Any, plain: Any, place: str) -> Iterator[str]:
    """Sentences without an end, each about one place. Fields that are not there and have a default are no misfits, nor are
    fields that nobody knows: another version may."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from misfits(inner[0], plain, place)
    elif hint is Any:
        yield from _endless(plain, place)
    elif origin in (Union, types.UnionType):
        if plain is not None:
            yield from _of_any(tuple(one for one in inner if one is not type(None)), plain, place)
    elif origin is Literal:
        if plain not in inner:
            yield f"{place} is {shown(plain)}, and may be {', '.join(inner)}"
    elif origin is tuple:
        yield from _of_list(inner[0], plain, place)  # all of ours are of one type
    elif dataclasses.is_dataclass(hint):
        yield from _of_object(hint, plain, place)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _of_mapping(inner[1], plain, place)
    elif hint in _WANTED and not _is(hint, plain):
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


def _of_any(hints: Sequence[Any], plain: Any, place: str) -> Iterator[str]:
    """What fits one of them fits; what fits none is told by the first."""
    told = [list(misfits(hint, plain, place)) for hint in hints]
    if all(told):
        yield from told[0]


def _of_object(kind: Any, plain: Any, place: str) -> Iterator[str]:
    if not isinstance(plain, dict):
        yield f"{place or 'the whole'} is {shown(plain)}, and is to be an object"
        return
    hints = get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        if field.name in plain:
            where, found = f"{place}.{field.name}" if place else field.name, plain[field.name]
            yield from misfits(hints[field.name], found, where)
            least = _least(hints[field.name], field.metadata)
            if _is(float, found) and found < least:
                yield f"{where} is {shown(found)}, and is at least {least:g}"
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            yield f"{place or 'it'} lacks '{field.name}'"


def _least(hint: Any, metadata: Mapping[str, Any]) -> float:
    """What a playbook may write at the least: what the setting says, and nothing negative of what has no sign."""
    if "minimum" in metadata:
        return float(metadata["minimum"])
    kinds = (hint, *get_args(hint))
    units = [unit for one in kinds for unit in getattr(one, "__metadata__", ()) if isinstance(unit, Unit)]
    counts = "doc" in metadata and int in kinds
    return 0.0 if counts or any(not unit.signed for unit in units) else -math.inf


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
    elif isinstance(plain, float) and not math.isfinite(plain):
        yield f"{place} is {shown(plain)}, and is to be {_WANTED[float]}"
