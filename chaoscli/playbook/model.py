"""The playbook's grammar as pydantic models, generated from the settings the code itself runs on.

A setting that exists can be written, one that does not is refused, and its help and its unit come from the same field: the
language cannot drift from the program.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from chaoscli.units import Unit, UnitError

# Settings that are counts are never negative; a field may ask for more with `setting(..., minimum=1)`.
_LEAST_COUNT = 0


class Part(BaseModel):
    """A piece of a playbook: no key it does not know, no value bent into another type."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        alias_generator=lambda name: name.removesuffix("_"),
    )

    def given(self) -> dict[str, Any]:
        """What was written, by the name it was written under; what was left out is not there."""
        fields = type(self).model_fields
        return {fields[name].alias or name: getattr(self, name) for name in fields if name in self.model_fields_set}


Fields = dict[str, tuple[Any, Any]]


def part(name: str, fields: Fields, doc: str = "") -> type[Part]:
    """A model of ``fields``: key -> (type, pydantic Field). Keys may be any text; inside they never shadow a method."""
    named: dict[str, Any] = {f"{key}_": written for key, written in fields.items()}
    return create_model(name, __base__=Part, __doc__=doc or None, **named)


@functools.cache
def settings_part(kind: type) -> type[Part]:
    """The model of one settings dataclass."""
    return part(kind.__name__, settings_fields(kind), (kind.__doc__ or "").partition("\n\n")[0])


def settings_fields(kind: type) -> Fields:
    """The fields of a settings dataclass as fields of a model, with their help."""
    hints = get_type_hints(kind, include_extras=True)
    fields: Fields = {}
    for one in dataclasses.fields(kind):
        doc = one.metadata.get("doc", "")
        missing = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        info = Field(description=doc) if missing else optional(doc, usual=_shown_default(hints[one.name], one.default))
        fields[written_name(one.name)] = (_bounded(_written(hints[one.name]), hints[one.name], one.metadata), info)
    return fields


def written_name(field: str) -> str:
    """The key of a field: ``for_`` is written ``for``, which no field can be called."""
    return field.removesuffix("_")


def optional(doc: str, usual: Any = None) -> Any:
    """A key that may be left out. What holds then is for the settings to say; ``usual`` is how a person would write it."""
    return Field(default=None, description=doc, json_schema_extra={"default": usual} if usual is not None else _without_default)


def _without_default(schema: dict[str, Any]) -> None:
    """That nothing is what is there without is no way to write it."""
    schema.pop("default", None)


def _shown_default(hint: Any, default: Any) -> Any:
    """The default as it would be written; None for what nobody would write, like an empty list."""
    units = [one for one in _annotations(hint) if isinstance(one, Unit)]
    if units and isinstance(default, int | float):
        return units[0].format(default)
    if default is None:
        return "none"
    return default if isinstance(default, bool | int | float | str) and default != "" else None


def _annotations(hint: Any) -> list[Any]:
    if get_origin(hint) is Annotated:
        return list(get_args(hint)[1:])
    return [one for inner in get_args(hint) for one in _annotations(inner)]


def build(kind: type, written: Part) -> Any:
    """The settings that ``written`` stands for; keys of other things (a fault's times) are passed over."""
    names = {written_name(one.name): one.name for one in dataclasses.fields(kind)}
    return kind(**{names[key]: value for key, value in written.given().items() if key in names})


def _bounded(written: Any, hint: Any, metadata: Mapping[str, Any]) -> Any:
    least = metadata.get("minimum", _LEAST_COUNT if _core(hint) is int else None)
    most = metadata.get("maximum")
    if least is None and most is None:
        return written
    unit = next((one for one in _annotations(hint) if isinstance(one, Unit)), None)
    return Annotated[written, AfterValidator(within(least, most, unit.format if unit is not None else _plain))]


def _plain(number: float) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)


def within(least: float | None, most: float | None, show: Callable[[float], str] = _plain) -> Callable[[Any], Any]:
    """A validator of numbers; None on either side is no bound."""

    def check(value: Any) -> Any:
        if value is not None and least is not None and value < least:
            raise ValueError(f"{show(value)} is too small; the least is {show(least)}")
        if value is not None and most is not None and value > most:
            raise ValueError(f"{show(value)} is too large; the most is {show(most)}")
        return value

    return check


def _core(hint: Any) -> Any:
    """The type inside of ``| None`` and annotations."""
    if get_origin(hint) is Annotated:
        return _core(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        rest = [one for one in get_args(hint) if one is not type(None)]
        return _core(rest[0]) if len(rest) == 1 else hint
    return hint


def _written(hint: Any) -> Any:
    """The type as a person writes it: quantities as text, tuples as lists, ``none`` for what may be off."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        unit = next((one for one in inner[1:] if isinstance(one, Unit)), None)
        return quantity(unit) if unit is not None else hint
    if origin in (Union, types.UnionType):
        return _optional(inner)
    if origin is tuple:
        each: Any = _written(inner[0]) if len(inner) == 2 and inner[1] is Ellipsis else Any
        return Annotated[types.GenericAlias(tuple, (each, ...)), BeforeValidator(_list_to_tuple)]
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[str, _written(inner[1])]  # type: ignore[misc]
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        whole: Any = Annotated[settings_part(hint), AfterValidator(functools.partial(build, hint))]
        short = getattr(hint, "SHORT", "")
        return Annotated[whole, _Short(), BeforeValidator(functools.partial(_whole, short))] if short else whole
    return hint


class _Short:
    """Tells the schema that a list may stand for the whole mapping."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "array", "minItems": 1}, handler(core)]}


def _whole(short: str, value: Any) -> Any:
    return {short: value} if isinstance(value, list) else value


def _optional(inner: tuple[Any, ...]) -> Any:
    rest = [_written(one) for one in inner if one is not type(None)]
    union = functools.reduce(lambda one, other: one | other, rest[1:], rest[0])
    if type(None) not in inner:
        return union
    return Annotated[union | None, BeforeValidator(lambda value: None if value == "none" else value)]


def _list_to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@functools.cache
def quantity(unit: Unit) -> Any:
    """A float that is written as text in ``unit``."""
    schema = {"type": ["string", "number"], "title": unit.name, "examples": [unit.example]}
    return Annotated[float, BeforeValidator(functools.partial(_read_quantity, unit)), WithJsonSchema(schema)]


def _read_quantity(unit: Unit, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitError(f"a {unit.name} is written like {unit.example}")
    # Decimal writes small numbers out: the units know no exponents.
    text = value if isinstance(value, str) else f"{Decimal(repr(value)):f}"
    number = unit.parse(text)
    if not math.isfinite(number):
        raise UnitError(f"a {unit.name} has an end")
    if number < 0 and not unit.signed:
        raise UnitError(f"'{text}' is negative; a {unit.name} here is not")
    return number


Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
