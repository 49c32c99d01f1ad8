"""The few words a load may leave open in what it sends: ``${n}``, ``${n % 3}``, ``${request}`` and its own values.

``n`` is the request's number, from 1; ``n % 3`` counts 1, 2, 0 in turn; ``request`` is the request's id. A JSON text that is one
blank and nothing else becomes what the value is: a number stays a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_BLANK = re.compile(r"\$\{(?P<inside>[^}]*)\}")
_NUMBER = re.compile(r"n(?:\s*%\s*(?P<turn>[1-9]\d*))?")
# What a value, or a parameter of the playbook, cannot be called: these mean something of their own.
OWN = ("n", "request")


@dataclass(frozen=True, slots=True)
class Blanks:
    """What the blanks of request number ``n``, whose id is ``request``, are filled with."""

    n: int
    request: str
    values: Mapping[str, Any]

    def fill(self, written: Any) -> Any:
        """``written`` (anything JSON can say) with every blank filled in, also deep inside."""
        if isinstance(written, str):
            whole = _BLANK.fullmatch(written)
            return self._word(whole) if whole else self.fill_text(written)
        if isinstance(written, Mapping):
            return {key: self.fill(item) for key, item in written.items()}
        if isinstance(written, list | tuple):
            return [self.fill(item) for item in written]
        return written

    def fill_text(self, text: str, shown: Callable[[Any], str] = str) -> str:
        return _BLANK.sub(lambda blank: shown(self._word(blank)), text)

    def word(self, inside: str) -> str:
        """What stands for one blank, by what is inside of it."""
        return str(self.fill(f"${{{inside}}}"))

    def _word(self, blank: re.Match[str]) -> Any:
        inside = blank["inside"].strip()
        if inside == "request":
            return self.request
        number = _NUMBER.fullmatch(inside)
        if number is None:
            return self.values[inside]
        return self.n % int(number["turn"]) if number["turn"] else self.n


def unknown_blanks(written: Any, values: Collection[str]) -> Iterator[str]:
    """The blanks in ``written`` that nobody could fill in, as they are written."""
    if isinstance(written, str):
        for blank in _BLANK.finditer(written):
            inside = blank["inside"].strip()
            if inside not in OWN and inside not in values and _NUMBER.fullmatch(inside) is None:
                yield blank[0]
    elif isinstance(written, Mapping):
        for item in written.values():
            yield from unknown_blanks(item, values)
    elif isinstance(written, list | tuple):
        for item in written:
            yield from unknown_blanks(item, values)
