"""Is an answer what the load expects? One that is not counts as failed, and its reason is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chaoscli.messages import Response

_LONGEST = 60  # of a value that is quoted: the reason stands in one line of a table


def strangeness(response: Response, statuses: tuple[int, ...], body: Any) -> str | None:
    """What is not as expected, in words, which are none where the status says it all; None when all is as expected. ``body`` has
    no blanks left."""
    if statuses and response.status not in statuses:
        return f"status {response.status}, expected {' or '.join(map(str, statuses))}"
    if not statuses and response.status >= 400:
        return ""
    if body is None:
        return None
    if isinstance(body, str):
        return None if body.encode() in response.body else f"the body does not hold {_quoted(body)}"
    try:
        found = json.loads(response.body)
    except ValueError:
        return "the body is no JSON"
    return _difference(body, found, "the body")


def _difference(expected: Any, found: Any, where: str) -> str | None:
    """Mappings may have more keys than expected; everything else is equal or not."""
    if not isinstance(expected, Mapping):
        same = found == expected and isinstance(found, bool) == isinstance(expected, bool)
        return None if same else f"{where} is {_quoted(found)}, expected {_quoted(expected)}"
    if not isinstance(found, Mapping):
        return f"{where} is {_quoted(found)}, expected a mapping"
    for key, value in expected.items():
        if key not in found:
            return f"{where} has no '{key}'"
        said = _difference(value, found[key], f"'{key}'")
        if said:
            return said
    return None


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
