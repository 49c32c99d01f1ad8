"""What request number ``n`` of a load is, byte for byte, and what its answer has to be."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote

from chaoscli.compact import compact
from chaoscli.load.answers import strangeness
from chaoscli.load.asked import Asked
from chaoscli.load.settings import Load
from chaoscli.load.template import Blanks
from chaoscli.load.values import chosen, fraction_of, values_of
from chaoscli.messages import Headers, Request, Response
from chaoscli.services.foreign import filled_by

_JSON = ("content-type", "application/json")


class Mix:
    """The requests of one load, called ``name``. Which of them is number ``n``, and with which values, follows from the seed."""

    def __init__(self, name: str, load: Load, *, seed: int) -> None:
        self._name = name
        self._seed = seed
        self._asked = load.asked
        self._weights = tuple(one.weight for one in self._asked)
        self._values = load.values or {}
        self._command = load.command

    def request_id(self, n: int) -> str:
        return f"{self._name}-{n}"

    def asked(self, n: int) -> Asked:
        if len(self._asked) == 1:
            return self._asked[0]
        return self._asked[chosen(self._weights, fraction_of(self._seed, "mix", self._name, n))]

    def request(self, n: int, headers: Headers = ()) -> Request:
        """Request number ``n``, with ``headers`` before the load's own."""
        asked, blanks = self.asked(n), self._blanks(n)
        if self._command:
            argv = [filled_by(word, blanks.word) for word in self._command]
            return Request(method="RUN", target=shlex.join(argv), headers=headers, body=json.dumps(argv).encode())
        own = tuple((key, blanks.fill_text(value)) for key, value in _headers(asked))
        target = blanks.fill_text(asked.target, lambda value: quote(str(value), safe=""))
        return Request(method=asked.method, target=target, headers=(*headers, *own), body=_body(asked, blanks))

    def strangeness(self, n: int, response: Response) -> str | None:
        """What about the answer to request number ``n`` is not as expected; None when all is."""
        asked = self.asked(n)
        if self._command:
            return response.body.decode() if response.status >= 400 else None
        body = asked.expect_body if asked.expect_body is None else self._blanks(n).fill(asked.expect_body)
        return strangeness(response, asked.expect_status, body)

    def _blanks(self, n: int) -> Blanks:
        return Blanks(n, self.request_id(n), values_of(self._values, self._seed, self._name, n))


def _headers(asked: Asked) -> Headers:
    headers = tuple((key.lower(), value) for key, value in (asked.headers or {}).items())
    says_type = any(key == "content-type" for key, _ in headers)
    return headers if asked.json is None or says_type else (_JSON, *headers)


def _body(asked: Asked, blanks: Blanks) -> bytes:
    if asked.json is None:
        return b""
    filled: Any = blanks.fill(asked.json)
    return compact(filled).encode()
