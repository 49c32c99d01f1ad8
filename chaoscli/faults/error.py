"""Errors in the callee's name: the link answers with a status, and the callee never sees the request."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Answer, BadSetting, Pass, Verdict
from chaoscli.faults.matching import Matching
from chaoscli.messages import Headers, Request
from chaoscli.settings import setting
from chaoscli.units import Seconds, format_duration

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# Framing belongs to whoever writes the bytes; a reply that lies about its length is a fault of its own.
_NOT_OURS = ("content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Matching):
    """A whole reply. ``retry_after`` rounds up to whole seconds, as RFC 9110 (10.2.3) has them."""

    kind: ClassVar[str] = "error"

    status: int = setting("the status the caller gets", 503)
    body: str = setting("the body of the answer", "")
    headers: Mapping[str, str] = field(default_factory=dict, metadata={"doc": "headers of the answer"}, hash=False)
    retry_after: Seconds | None = setting("a Retry-After header: when the caller may try again", None)
    after: Seconds = setting("how long the caller waits for the answer", 0.0)

    def __post_init__(self) -> None:
        Matching.__post_init__(self)
        if not 200 <= self.status <= 599:
            raise BadSetting("status", "is a number from 200 to 599")
        if not 0.0 <= self.after < math.inf:
            raise BadSetting("after", "cannot be negative")
        if self.retry_after is not None and not 0.0 <= self.retry_after < math.inf:
            raise BadSetting("retry_after", "cannot be negative")
        for name, value in self.headers.items():
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise BadSetting("headers", f"cannot hold '{name}: {value}'")
            if name.lower() in _NOT_OURS:
                raise BadSetting("headers", f"cannot hold '{name}': the reply states its own length")

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        if not self.strikes(number, rng):
            return Pass()
        return Answer(self.status, self._headers(), self.body.encode(), self.after)

    def words(self) -> str:
        parts = [f"error {self.status}"]
        parts += [f"retry after {format_duration(self.retry_after)}"] if self.retry_after is not None else []
        parts += [f"after {format_duration(self.after)}"] if self.after else []
        return ", ".join(parts) + self.about()

    def _headers(self) -> Headers:
        pairs = [(name.lower(), value.strip()) for name, value in self.headers.items()]
        if self.retry_after is not None:
            pairs.append(("retry-after", str(math.ceil(self.retry_after))))
        if self.body and not any(name == "content-type" for name, _ in pairs):
            pairs.append(("content-type", "application/json" if self.body[0] in "{[" else "text/plain; charset=utf-8"))
        return tuple(pairs)
