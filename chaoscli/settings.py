"""Settings are frozen dataclasses; this file gives their fields a sentence of help, and carries them as plain JSON.

Faults, policies, capacities and loads are all settings: the playbook's model and the reference pages read the help and
the units off the fields, and processes pass the values to each other in the plain form.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Hashable, Mapping
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
    if value is None or isinstance(value, str | int | float):
        return value
    names = _field_names(cast(Hashable, type(value)))
    if names is not None:
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


@functools.cache
def _field_names(kind: Any) -> tuple[str, ...] | None:
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


def from_plain(kind: type[T], plain: Any) -> T:
    """The settings that ``to_plain`` was given. Fields the text lacks take their defaults; unknown ones are passed over."""
    builders = _builders(cast(type, kind))
    return kind(**{name: build(plain[name]) for name, build in builders.items() if name in plain})


Build = Callable[[Any], Any]


@functools.cache
def _builders(kind: type) -> dict[str, Build]:
    hints = get_type_hints(kind)
    return {field.name: _or_none(_builder(hints[field.name])) for field in dataclasses.fields(kind)}


def _or_none(build: Build) -> Build:
    return lambda plain: None if plain is None else build(plain)


def _builder(hint: Any) -> Build:
    """What makes a value of type ``hint`` of its plain form; worked out once for each field, since processes pass thousands."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or origin is Literal:
        return lambda plain: plain
    if origin in (Union, types.UnionType):
        return _or_none(_builder(next((one for one in inner if one is not type(None)), Any)))
    if origin is tuple:
        return _tuple_builder(inner)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        build = _or_none(_builder(inner[1]))
        return lambda plain: {key: build(item) for key, item in plain.items()}
    if dataclasses.is_dataclass(hint):
        return lambda plain: from_plain(cast(type, hint), plain)
    if isinstance(hint, type) and hint not in (object, dict, list):
        return lambda plain: plain if isinstance(plain, hint) else hint(plain)
    return lambda plain: plain


def _tuple_builder(inner: tuple[Any, ...]) -> Build:
    if len(inner) == 2 and inner[1] is Ellipsis:
        each = _or_none(_builder(inner[0]))
        return lambda plain: tuple(each(item) for item in plain)
    places = [_or_none(_builder(one)) for one in inner]
    return lambda plain: tuple(build(item) for build, item in zip(places, plain, strict=False))
