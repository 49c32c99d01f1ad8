"""What request number ``n`` of a load is, byte for byte."""

from __future__ import annotations

import json

from chaoscli.load.settings import Load
from chaoscli.load.template import fill, fill_text
from chaoscli.messages import Headers, Request

_JSON = ("content-type", "application/json")


class Mix:
    """The requests of one load, called ``name``."""

    def __init__(self, name: str, load: Load) -> None:
        self._name = name
        self._load = load
        headers = tuple((key.lower(), value) for key, value in (load.headers or {}).items())
        says_type = any(key == "content-type" for key, _ in headers)
        self._headers = headers if load.json is None or says_type else (_JSON, *headers)

    def request_id(self, n: int) -> str:
        return f"{self._name}-{n}"

    def request(self, n: int, headers: Headers = ()) -> Request:
        """Request number ``n``, with ``headers`` before the load's own."""
        name = self.request_id(n)
        own = tuple((key, fill_text(value, n, name)) for key, value in self._headers)
        target = fill_text(self._load.target, n, name)
        return Request(method=self._load.method, target=target, headers=(*headers, *own), body=self._body(n, name))

    def _body(self, n: int, name: str) -> bytes:
        if self._load.json is None:
            return b""
        return json.dumps(fill(self._load.json, n, name), separators=(",", ":"), ensure_ascii=False).encode()
