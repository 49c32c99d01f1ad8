"""The few words a load may leave open in what it sends: ``${n}``, ``${n % 3}`` and ``${request}``.

``n`` is the request's number, from 1; ``n % 3`` counts 1, 2, 0 in turn; ``request`` is the request's id. A JSON text that is one
number template and nothing else becomes a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_BLANK = re.compile(r"\$\{(?P<inside>[^}]*)\}")
_KNOWN = re.compile(r"\s*(?:(?P<request>request)|n(?:\s*%\s*(?P<turn>[1-9]\d*))?)\s*")


def fill(value: Any, n: int, request: str) -> Any:
    """``value`` (anything JSON can say) with every blank filled in, also deep inside."""
    if isinstance(value, str):
        whole = _BLANK.fullmatch(value)
        return _word(whole, n, request) if whole else fill_text(value, n, request)
    if isinstance(value, Mapping):
        return {key: fill(item, n, request) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, n, request) for item in value]
    return value


def fill_text(text: str, n: int, request: str) -> str:
    return _BLANK.sub(lambda blank: str(_word(blank, n, request)), text)


def unknown_blanks(value: Any) -> Iterator[str]:
    """The blanks in ``value`` that nobody could fill in, as they are written."""
    if isinstance(value, str):
        yield from (blank[0] for blank in _BLANK.finditer(value) if _KNOWN.fullmatch(blank["inside"]) is None)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from unknown_blanks(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from unknown_blanks(item)


def _word(blank: re.Match[str], n: int, request: str) -> int | str:
    known = _KNOWN.fullmatch(blank["inside"])
    assert known is not None, blank[0]
    if known["request"]:
        return request
    return n % int(known["turn"]) if known["turn"] else n
