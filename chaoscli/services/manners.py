"""What no service puts up with, whoever asks and whatever for: said once, at the door, before anything is done.

Names that are too long for an event or a database, parameters that nobody reads (a misspelt one would be passed over in silence)
or that come twice (of which two readers take different ones), control characters that would end up in logs and terminals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, unquote

from chaoscli.messages import ATTEMPT, CALLER, SENT_AT, TRACE_PARENT, Request
from chaoscli.services.fields import LONGEST_TEXT, has_controls

# A UUID has 36 characters, a traceparent 55, the longest of our names 40.
LONGEST_MARK = 128
# What a person could write down; none of our services reads more than two.
MOST_PARAMETERS = 20
# Headers that go on into events and calls. They are for those who follow a request, and not worth a refusal.
_MARKS = frozenset({TRACE_PARENT, CALLER, SENT_AT, ATTEMPT})


def complaint(request: Request, parameters: Sequence[str] | None) -> str:
    """What is wrong with the target, in a sentence for whoever sent it; empty when nothing is. ``parameters`` are those that are
    read, None any."""
    path, _mark, text = request.target.partition("?")
    names = [path] if "%" not in path and len(path) <= LONGEST_TEXT else [unquote(part) for part in path.split("/")]
    if max(map(len, names)) > LONGEST_TEXT:
        return f"a name must have at most {LONGEST_TEXT} characters"
    if any(map(has_controls, names)):
        return "a name must not have control characters"
    if not text or parameters is None:
        return ""
    try:
        given = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return f"there may be at most {MOST_PARAMETERS} parameters"
    return next(filter(None, (_wrong(name, value, given, parameters) for name, value in given)), "")


def _wrong(name: str, value: str, given: Sequence[tuple[str, str]], parameters: Sequence[str]) -> str:
    if name not in parameters:
        known = f"there is {', '.join(parameters)}" if parameters else "there are none"
        return f"unknown parameter '{name[:LONGEST_TEXT]}'; {known}"
    if len(value) > LONGEST_TEXT:
        return f"{name} must have at most {LONGEST_TEXT} characters"
    if has_controls(value):
        return f"{name} must not have control characters"
    return f"{name} is given twice" if [one for one, _ in given].count(name) > 1 else ""


def presentable(request: Request) -> Request:
    """Without the marks that no event could bear: too long, or not printable ASCII."""
    if all(_is_presentable(value) for name, value in request.headers if name in _MARKS):
        return request
    return replace(request, headers=tuple(one for one in request.headers if one[0] not in _MARKS or _is_presentable(one[1])))


def _is_presentable(mark: str) -> bool:
    return len(mark) <= LONGEST_MARK and mark.isascii() and mark.isprintable()
