"""Settings are frozen dataclasses; this file gives their fields a sentence of help, and carries them as plain JSON.

Faults, policies, capacities and loads are all settings: the playbook's model and the reference pages read the help and
the units off the fields, and processes pass the values to each other in the plain form.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def setting(doc: str, default: Any = dataclasses.MISSING, *, minimum: float | None = None) -> Any:
    """A field of a settings dataclass with its help; without a default it must be given.

    ``minimum`` is the least that a playbook may write; whole numbers are never negative, whatever it says.
    """
    bounds = {} if minimum is None else {"minimum": minimum}
    return dataclasses.field(default=default, metadata={"doc": doc, **bounds})


def to_plain(value: Any) -> Any:
    """What ``json.dumps`` takes: settings become objects, tuples become arrays."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """The settings that ``to_plain`` was given. Fields the text lacks take their defaults; unknown ones are passed over."""
    hints = _hints(cast(type, kind))
    return kind(**{name: _rebuild(hints[name], plain[name]) for name in hints if name in plain})


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _rebuild(hint: Any, plain: Any) -> Any:
    if plain is None or hint is Any:
        return plain
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        chosen = next((one for one in inner if one is not type(None)), Any)
        return _rebuild(chosen, plain)
    if origin is tuple:
        each = inner[0] if len(inner) == 2 and inner[1] is Ellipsis else None
        return tuple(_rebuild(each or inner[place], item) for place, item in enumerate(plain))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _rebuild(inner[1], item) for key, item in plain.items()}
    if origin is Literal:
        return plain
    if dataclasses.is_dataclass(hint):
        return from_plain(hint, plain)  # type: ignore[arg-type]
    if isinstance(hint, type) and hint not in (object, dict, list) and not isinstance(plain, hint):
        return hint(plain)
    return plain
