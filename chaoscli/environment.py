"""Variables for the programs of the user: whence they come, and which must not be written anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import quote

T = TypeVar("T")

MASK = "***"
# Shorter values are in every other word; masking them would leave nothing to read.
SHORTEST = 4


class Secrets:
    """Values to be masked; those that are too short are not."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        # As they are, and as they stand in an address. The longest first: one may be a part of another.
        forms = {form for value in values if len(value) >= SHORTEST for form in (value, quote(value, safe=""))}
        found = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, found))) if found else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def mask(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern is not None else text

    def masked(self, value: T) -> T:
        """A value of JSON's kinds with every text in it masked; keys stay."""
        result: Any = value
        if isinstance(value, str):
            result = self.mask(value)
        elif isinstance(value, dict):
            result = {key: self.masked(item) for key, item in value.items()}
        elif isinstance(value, list):
            result = [self.masked(item) for item in value]
        elif isinstance(value, tuple):
            result = tuple(self.masked(item) for item in value)
        return cast("T", result)


class Environment:
    """Variables for programs of the user's: those of this process, and over them those of an ``--env-file``, which are secret."""

    def __init__(self, process: Mapping[str, str] | None = None, from_file: Mapping[str, str] | None = None) -> None:
        self.from_file: Mapping[str, str] = dict(from_file or {})
        self._process = dict(process or {})

    @property
    def secret_values(self) -> tuple[str, ...]:
        return tuple(self.from_file.values())

    @property
    def secrets(self) -> Secrets:
        return Secrets(self.secret_values)

    def variables(self) -> dict[str, str]:
        return {**self._process, **self.from_file}
