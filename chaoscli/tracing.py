"""The headers every call carries: who asks, for which request, at which attempt, within which trace, and the sender's wall clock.

Services and loads both take them from here, so that one request can be followed through all of them.
"""

from __future__ import annotations

import re

from chaoscli import dice
from chaoscli.messages import ATTEMPT, CALLER, REQUEST_ID, SENT_AT, TRACE_PARENT, Headers

# W3C Trace Context, level 1, section 3.2: version 00, trace id, parent id, flags. Ids of zeros alone are invalid.
_TRACE_PARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SAMPLED = "01"


def call_headers(
    *, seed: int, caller: str, callee: str, request: str, attempt: int, wall_s: float, cause: str = "", call: str = ""
) -> Headers:
    """The headers of attempt number ``attempt`` (from 1) of ``caller`` at ``callee`` for the request id ``request``.

    ``wall_s`` is what the sender's wall clock shows, in seconds since 1970; ``cause`` the ``traceparent`` that came with the
    request being served, if one did; ``call`` tells apart several calls to one callee for one request (its target, say).
    """
    span = dice.bits(seed, "span", caller, callee, request, call, attempt, count=64)
    return (
        (REQUEST_ID, request),
        (TRACE_PARENT, f"00-{trace_id(seed, request, cause)}-{_nonzero(span):016x}-{_SAMPLED}"),
        (CALLER, caller),
        (ATTEMPT, str(attempt)),
        (SENT_AT, f"{wall_s:.6f}"),
    )


def trace_id(seed: int, request: str, cause: str = "") -> str:
    """32 hex digits: those of ``cause`` where it is a valid traceparent, otherwise new ones, the same for the same request."""
    known = _TRACE_PARENT.fullmatch(cause)
    return known[1] if known else f"{_nonzero(dice.bits(seed, 'trace', request, count=128)):032x}"


def _nonzero(bits: int) -> int:
    return bits or 1
