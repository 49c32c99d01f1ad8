"""Reading what a request's JSON says, field by field: a wrong type, a number out of range, a long text or an unknown field is
refused with its reason, before anything is done."""

from __future__ import annotations

import math
import re
from typing import Any

from chaoscli.card_numbers import is_card_number
from chaoscli.messages import IDEMPOTENCY_KEY, Request, Response
from chaoscli.services.replies import MOST_QUANTITY, json_object, reply

# Names and keys go into every event and every database; a UUID has 36 characters, an email address 254 at most.
LONGEST_TEXT = 256
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# Beyond this a float no longer counts single pieces of money.
MOST_AMOUNT = 1e15


class BadInputError(Exception):
    """What was sent makes no sense; the message is the reason, for whoever sent it."""

    def reply(self) -> Response:
        return reply(400, {"error": str(self)})


class Fields:
    """The request's JSON object, which may have these fields, and ``optional`` ones, and no others."""

    def __init__(self, request: Request, *names: str, optional: tuple[str, ...] = ()) -> None:
        body = json_object(request)
        if body is None:
            raise BadInputError(f"The body must be a JSON object with {_listed(names)}")
        known = (*names, *optional)
        unknown = [name for name in body if name not in known]
        if unknown:
            raise BadInputError(f"unknown field '{unknown[0][:LONGEST_TEXT]}'; there are {_listed(known)}")
        self._body: dict[str, Any] = body

    def text(self, name: str) -> str:
        value = self._body.get(name)
        if not isinstance(value, str) or not value:
            raise BadInputError(f"{name} must be a text")
        if len(value) > LONGEST_TEXT:
            raise BadInputError(f"{name} must have at most {LONGEST_TEXT} characters")
        if has_controls(value):
            raise BadInputError(f"{name} must not have control characters")
        return value

    def quantity(self, name: str) -> int:
        """Booleans are not numbers here, as they are in Python."""
        value = self._body.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_QUANTITY:
            raise BadInputError(f"{name} must be a whole number of at least 1")
        return value

    def amount(self, name: str) -> float:
        value = self._body.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 < value < MOST_AMOUNT:
            return value
        raise BadInputError(f"{name} must be a number above 0")

    def card(self, name: str) -> str:
        """A payment card's number (ISO/IEC 7812), or nothing. The reason never repeats it."""
        value = self._body.get(name)
        if value is None:
            return ""
        if isinstance(value, str) and is_card_number(value):
            return value
        raise BadInputError(f"{name} must be a card number of 13 to 19 digits")


def key_of(request: Request) -> str | None:
    """The request's Idempotency-Key, if it has one that a log can bear."""
    key = request.header(IDEMPOTENCY_KEY)
    if len(key) > LONGEST_TEXT:
        raise BadInputError(f"an Idempotency-Key must have at most {LONGEST_TEXT} characters")
    if has_controls(key):
        raise BadInputError("an Idempotency-Key must not have control characters")
    return key or None


def has_controls(text: str) -> bool:
    """Characters that no name has, and that do something to whoever prints them (C0, C1 and DEL)."""
    return _CONTROL.search(text) is not None


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
