"""What request number ``n`` of a load is, byte for byte.

Templates: ``${n}`` is the number (from 1), ``${n % 3}`` counts 0, 1, 2 in turn, ``${request}`` is the request's id. A JSON
text that is one number template and nothing else becomes a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from chaoscli.load.settings import Load
from chaoscli.messages import Headers, Request

_TEMPLATE = re.compile(r"\$\{\s*(?:(?P<request>request)|n(?:\s*%\s*(?P<turn>[1-9]\d*))?)\s*\}")


class Mix:
    """The requests of one load, named ``load``."""

    def __init__(self, name: str, load: Load) -> None:
        self._name = name
        self._load = load
        self._headers = tuple((key.lower(), value) for key, value in (load.headers or {}).items())

    def request_id(self, n: int) -> str:
        return f"{self._name}-{n}"

    def request(self, n: int, headers: Headers = ()) -> Request:
        """Request number ``n`` with ``headers`` before those of the load's own."""
        own = tuple((key, str(self._filled(value, n))) for key, value in self._headers)
        body = b""
        if self._load.json is not None:
            body = json.dumps(self._filled(self._load.json, n), separators=(",", ":"), ensure_ascii=False).encode()
            own = (("content-type", "application/json"), *own)
        target = self._text(self._load.target, n)
        return Request(method=self._load.method, target=target, headers=(*headers, *own), body=body)

    def _filled(self, value: Any, n: int) -> Any:
        if isinstance(value, str):
            match = _TEMPLATE.fullmatch(value)
            return self._value(match, n) if match else self._text(value, n)
        if isinstance(value, Mapping):
            return {key: self._filled(item, n) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(item, n) for item in value]
        return value

    def _text(self, text: str, n: int) -> str:
        return _TEMPLATE.sub(lambda match: str(self._value(match, n)), text)

    def _value(self, match: re.Match[str], n: int) -> int | str:
        if match["request"]:
            return self.request_id(n)
        return n % int(match["turn"]) if match["turn"] else n
