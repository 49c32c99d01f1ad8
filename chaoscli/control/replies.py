"""How the API answers: Toxiproxy's shapes, its error texts, and the quirks of both that clients have come to depend on."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any

from chaoscli.compact import compact
from chaoscli.messages import Response

JSON = (("content-type", "application/json"),)
# Go's http.Error overrides the JSON type, so that an error's body is JSON under a text type. Clients parse it all the same.
TEXT = (("content-type", "text/plain; charset=utf-8"),)
ERROR = (*TEXT, ("x-content-type-options", "nosniff"))
# The Ruby client asks for at least 2.6.0 before it trusts PATCH.
SPOKEN_VERSION = "2.12.0"


class ApiError(Exception):
    """A request that cannot be done; ``render`` is what the client is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def plain(self) -> dict[str, Any]:
        return {"error": self.message, "status": self.status}

    def render(self) -> Response:
        return Response(status=self.status, headers=ERROR, body=_encoded(self.plain()) + b"\n")


class BadRequestError(ApiError):
    """The body is not what the route takes; ``detail`` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, f"bad request body: {detail}")


PROXY_NOT_FOUND = (404, "proxy not found")
PROXY_EXISTS = (409, "proxy already exists")
INVALID_STREAM = (400, "stream was invalid, can be either upstream or downstream")
INVALID_TYPE = (400, "invalid toxic type")
TOXIC_EXISTS = (409, "toxic already exists")
TOXIC_NOT_FOUND = (404, "toxic not found")


def missing_field(name: str, place: int | None = None) -> ApiError:
    """``place`` counts the proxies of a list from 1."""
    return ApiError(400, f"missing required field: {name}" + (f" at proxy {place}" if place else ""))


def reply(value: Any, status: int = 200) -> Response:
    """Compact JSON without a newline."""
    return Response(status=status, headers=JSON, body=_encoded(value))


def nothing() -> Response:
    return Response(status=204)


def text(status: int, line: str) -> Response:
    return Response(status=status, headers=ERROR, body=line.encode() + b"\n")


def version() -> Response:
    headers = (("content-type", "application/json;charset=utf-8"),)
    return Response(status=200, headers=headers, body=b'{"version": "' + SPOKEN_VERSION.encode() + b'"}\n')


def populate_failed(error: ApiError, made: list[Mapping[str, Any]]) -> Response:
    """The one error that is JSON by name too: it says which proxies were made before it."""
    return reply({**error.plain(), "proxies": made or None}, error.status)


def shortest(number: float) -> int | float:
    """The number that reads back as the same 32-bit float in the fewest digits: 0.2 stays 0.2, 1.0 becomes 1."""
    single = _single(number)
    number = struct.unpack("<f", single)[0]
    tries = (float(f"{number:.{digits}g}") for digits in range(1, 18))
    short = next(close for close in tries if fits_single(close) and _single(close) == single)
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def fits_single(number: float) -> bool:
    """Whether a 32-bit float holds it; one that is infinite already (1e400) is not JSON any more."""
    try:
        _single(number)
    except OverflowError:
        return False
    return math.isfinite(number)


def _single(number: float) -> bytes:
    return struct.pack("<f", number)


def _encoded(value: Any) -> bytes:
    """As Go writes it: compact, UTF-8, and safe to paste into HTML."""
    line = compact(value)
    for character in "<>&\u2028\u2029":
        line = line.replace(character, f"\\u{ord(character):04x}")
    return line.encode()
