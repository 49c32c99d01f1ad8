"""What callers and services say to each other, as values; how it is framed on a wire is the network's business."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Headers = tuple[tuple[str, str], ...]

# One name for each header that carries our own meaning. Header names are lower case everywhere inside.
REQUEST_ID = "x-request-id"
TRACE_PARENT = "traceparent"
ATTEMPT = "x-attempt"
CALLER = "x-caller"
SENT_AT = "x-sent-at"  # the sender's wall clock, seconds since 1970 with microseconds
SERVED_AS = "x-served-as"  # "fallback" when the answer is not the callee's own
DEADLINE = "x-deadline"  # how many seconds longer the answer is wanted, as the request leaves its sender
EXPIRES_AT = "x-expires-at"  # the same as an instant on the clock of the node that received it; never on a wire
IDEMPOTENCY_KEY = "idempotency-key"  # the IETF draft's name; the same for all attempts at one thing
RETRY_AFTER = "retry-after"  # RFC 9110, section 10.2.3


class Result(StrEnum):
    """How a request or a call ended. Kept apart everywhere: a fast failure must not flatter a median."""

    OK = "ok"
    FALLBACK = "fallback"  # answered, but from what was known before
    FAILED = "failed"  # an answer that says no: any status from 400 on
    TIMEOUT = "timeout"  # the caller gave up waiting
    REFUSED = "refused"  # nobody listened
    RESET = "reset"  # the connection broke before the answer was whole
    UNANSWERED = "unanswered"  # still in flight when the run ended
    CANCELLED = "cancelled"  # a copy of a call that nobody waited for any more: another one had answered

    @property
    def succeeded(self) -> bool:
        return self in (Result.OK, Result.FALLBACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    target: str  # path and query, as sent
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        return _first(self.headers, name, default)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        return _first(self.headers, name, default)


class CallError(Exception):
    """A call that brought no answer; ``result`` says which way."""

    def __init__(self, result: Result, detail: str = "") -> None:
        super().__init__(detail or result.value)
        self.result = result
        self.detail = detail


def _first(headers: Headers, name: str, default: str) -> str:
    for key, value in headers:  # twice as fast as a generator, and asked several times for every message
        if key == name:
            return value
    return default
