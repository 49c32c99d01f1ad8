"""A fault's fields, read from a person's text or from a client's JSON, each by the type that its settings give it."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from chaoscli.units import Unit, UnitError


class FieldError(ValueError):
    """The value is not one the field can have; the message says what one looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a settings class, its ``own`` or inherited; ``unit`` and ``choices`` say more than its type does."""

    name: str
    holds: type[Any]
    doc: str
    required: bool = False
    own: bool = False
    unit: Unit | None = None
    choices: tuple[str, ...] = ()

    @property
    def example(self) -> str:
        if self.unit is not None:
            return self.unit.example
        if self.choices:
            return self.choices[0]
        return {int: "1", bool: "yes", Mapping: "'name: value; name: value'"}.get(self.holds, "text")

    def from_text(self, text: str) -> Any:
        """The value a person wrote. FieldError when it is none."""
        if self.unit is not None:
            return self._quantity(text)
        if self.choices:
            return self._choice(text)
        if self.holds is bool:
            return self._word(text)
        if self.holds is int:
            return self._count(text)
        return self._pairs(text) if self.holds is Mapping else text

    def from_json(self, value: Any) -> Any:
        """The value a client sent: a number in seconds, bytes or shares of one, or the text a person would write."""
        if isinstance(value, str):
            return self.from_text(value)
        if isinstance(value, bool):
            return self._typed(value, bool)
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, Mapping) and self.holds is Mapping:
            return {str(key).lower(): str(item) for key, item in value.items()}
        raise FieldError(f"{self.name} is written like {self.example}")

    def _quantity(self, text: str) -> float:
        assert self.unit is not None
        try:
            return self.unit.parse(text)
        except UnitError as error:
            raise FieldError(str(error)) from error

    def _choice(self, text: str) -> str:
        if text not in self.choices:
            raise FieldError(f"'{text}' is not one of {', '.join(self.choices)}")
        return text

    def _word(self, text: str) -> bool:
        words = {"yes": True, "true": True, "no": False, "false": False}
        if text.lower() not in words:
            raise FieldError(f"'{text}' is neither yes nor no")
        return words[text.lower()]

    def _count(self, text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise FieldError(f"'{text}' is not a whole number")
        return int(text)

    def _pairs(self, text: str) -> dict[str, str]:
        pairs = [part.partition(":") for part in text.split(";") if part.strip()]
        if not all(colon and name.strip() for name, colon, _value in pairs):
            raise FieldError(f"'{text}' is not written like {self.example}")
        return {name.strip(): value.strip() for name, _colon, value in pairs}

    def _number(self, value: int | float) -> Any:
        if self.unit is not None:
            if not math.isfinite(value) or (value < 0 and not self.unit.signed):
                raise FieldError(f"{self.name} cannot be {value}; it is written like {self.example}")
            return float(value)
        if isinstance(value, int) or not value.is_integer():
            return self._typed(value, int)
        return self._typed(int(value), int)

    def _typed(self, value: Any, kind: type[Any]) -> Any:
        if self.holds is not kind or not isinstance(value, kind):
            raise FieldError(f"{self.name} is written like {self.example}")
        return value


_KNOWN: dict[type[Any], dict[str, Field]] = {}


def fields_of(settings: type[Any]) -> dict[str, Field]:
    """The fields of a settings class by name: its own in the order they are written in, then those it inherits."""
    if settings not in _KNOWN:
        _KNOWN[settings] = _read(settings)
    return _KNOWN[settings]


def _read(settings: type[Any]) -> dict[str, Field]:
    hints = get_type_hints(settings, include_extras=True)
    own = [field for field in dataclasses.fields(settings) if field.name in settings.__annotations__]
    inherited = [field for field in dataclasses.fields(settings) if field.name not in settings.__annotations__]
    return {field.name: _field(field, hints[field.name], field in own) for field in (*own, *inherited)}


def _field(field: dataclasses.Field[Any], hint: Any, own: bool) -> Field:
    hint = _without_none(hint)
    unit = None
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        unit = next((mark for mark in marks if isinstance(mark, Unit)), None)
    choices = tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    kind = str if choices else get_origin(hint) or hint
    doc = field.metadata.get("doc", "")
    return Field(name=field.name, holds=kind, required=required, own=own, doc=doc, unit=unit, choices=choices)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(one for one in get_args(hint) if one is not type(None))
    return hint
