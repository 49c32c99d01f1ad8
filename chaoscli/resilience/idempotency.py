"""A key that says which attempts are attempts at the same thing.

The IETF draft "The Idempotency-Key HTTP Header Field" recommends a UUID for each operation. Here it follows from the
operation itself, so that the same one gets the same key whoever tries again: this caller, or the one before it.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from chaoscli.messages import IDEMPOTENCY_KEY, REQUEST_ID, Request

# What RFC 9110 does not call idempotent already, of the methods in use.
_NEEDING = frozenset({"POST", "PATCH"})


def with_key(request: Request, callee: str, number: int) -> Request:
    """The request with its key, unless it has one or needs none. ``number`` tells equal calls for one request id apart."""
    if request.method not in _NEEDING or request.header(IDEMPOTENCY_KEY):
        return request
    operation = f"{request.header(REQUEST_ID)} {callee} {request.method} {request.target} {number}"
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, operation))
    return replace(request, headers=(*request.headers, (IDEMPOTENCY_KEY, key)))
