"""Reading requests and making replies, the same way in every service: compact JSON, and 4xx for what cannot be read."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

from chaoscli.compact import compact
from chaoscli.messages import SERVED_AS, Headers, Request, Response

JSON_TYPE = ("content-type", "application/json")
# What SQLite's integers and everybody's JSON parsers hold; a larger quantity is a mistake or an attack.
MOST_QUANTITY = 2**53
# How an escaped surrogate begins; whole pairs are a character, and rare.
_HALF_PAIR = rb"\ud"


def reply(status: int, value: Any, headers: Headers = ()) -> Response:
    """``value`` as compact JSON, its keys in the order given."""
    body = compact(value).encode()
    return Response(status=status, headers=(JSON_TYPE, *headers), body=body)


def segments(request: Request) -> list[str]:
    """The path's parts, unescaped: ``/topics/a%20b/lease`` is topics, a b, lease."""
    return [unquote(part) for part in request.path.split("/") if part]


def query(request: Request, name: str, default: str = "") -> str:
    """The first value of a query parameter."""
    _path, _mark, text = request.target.partition("?")
    return parse_qs(text, keep_blank_values=True).get(name, [default])[0] if text else default


def whole_number(text: str, *, least: int = 1) -> int | None:
    """The number that ``text`` says in decimal digits, or None when it says none, or one below ``least`` or beyond reason."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(MOST_QUANTITY)):
        return None
    number = int(text)
    return number if least <= number <= MOST_QUANTITY else None


def json_object(request: Request) -> dict[str, Any] | None:
    """The body, if it is a JSON object."""
    value = json_value(request.body)
    return value if isinstance(value, dict) else None


def json_value(text: bytes) -> Any:
    """What the JSON says; None for null, and for what is not JSON.

    Python reads more than JSON has: NaN, Infinity, numbers that overflow to it, and halves of surrogate pairs, none of which
    could be written again. Of a name that an object has twice one reader takes the first and another the last (RFC 8259,
    section 4), so that what was checked need not be what is done: it is not read at all.
    """
    try:
        value = _DECODER.decode(text.decode(json.detect_encoding(text), "surrogatepass"))
        if _HALF_PAIR in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value


def unknown(request: Request, places: Sequence[str]) -> Response:
    """404, or 405 for a known path under another method; ``places`` are lines like ``GET /api/inventory/check/{product}``."""
    found = request.path.strip("/").split("/")
    methods = [method for method, path in (place.split(" ") for place in places) if _matches(path, found)]
    if methods:
        return reply(405, {"error": f"{request.path} takes {', '.join(methods)}"}, (("allow", ", ".join(methods)),))
    return reply(404, {"error": f"nothing at {request.path}", "known": list(places)})


def passed_on(*replies: Response | None) -> Headers:
    """The header that says so when one of the replies used was not its service's own."""
    marks = [response.header(SERVED_AS) for response in replies if response is not None]
    return next((((SERVED_AS, mark),) for mark in marks if mark), ())


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has one name twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number that JSON can hold")
    return number


# `json.loads` makes a decoder anew for whoever wants other than its usual ways.
_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite, object_pairs_hook=_once_each)


def _matches(path: str, found: list[str]) -> bool:
    wanted = path.strip("/").split("/")
    return len(wanted) == len(found) and all(
        one.startswith("{") or one == other for one, other in zip(wanted, found, strict=True)
    )
