"""One request that a load sends, and what its answer has to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaoscli.faults.base import BadSetting
from chaoscli.load.template import unknown_blanks
from chaoscli.load.values import Value
from chaoscli.settings import setting

# RFC 9112, section 3: a target is visible ASCII; blanks may have spaces inside, and are filled in before it is sent.
_REQUEST = re.compile(r"(?P<method>[A-Z]+) +(?P<service>[^\s/]+) +(?P<target>/(?:\$\{[^}]*\}|[!-~])*)")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: a token
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")  # RFC 9110, section 5.5, without what is obsolete
_FRAMING = frozenset({"host", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a mix. The load's own headers and statuses hold for each of its requests that says nothing else."""

    request: str = setting("what is sent, like POST order /api/orders")
    weight: float = setting("how often it is sent, relative to the others", 1.0, minimum=0)
    json: Mapping[str, Any] | None = setting("the body, sent as JSON; ${n} is the request's number", None)
    headers: Mapping[str, str] | None = setting("headers sent beside the usual ones", None)
    expect_status: tuple[int, ...] = setting("the statuses that count as ok; without any, all below 400", ())
    expect_body: Any = setting(
        "what the answer must hold, or it counts as failed: a text, or keys that its JSON must have with these values", None
    )

    def __post_init__(self) -> None:
        if _REQUEST.fullmatch(self.request) is None:
            raise BadSetting("request", f"is '{self.request}'; it names method, service and path, like 'POST order /api/orders'")
        for key, value in (self.headers or {}).items():
            if key.lower() in _FRAMING:
                raise BadSetting("headers", f"has '{key}', which goes with every request by itself")
            if _HEADER_NAME.fullmatch(key) is None or not carries(value):
                raise BadSetting("headers", f"has '{key}: {value}', which HTTP cannot carry")
        for status in self.expect_status:
            if not 200 <= status <= 599:
                raise BadSetting("expect_status", f"has {status}; a final status is from 200 to 599")
        if not isinstance(self.expect_body, str | Mapping | None):
            raise BadSetting("expect_body", "is a text, or a mapping of what its JSON must have")

    def check_blanks(self, values: Mapping[str, Value]) -> None:
        """Every blank can be filled in, and what it is filled with can be sent."""
        filled = (
            ("request", self.target), ("json", self.json), ("headers", self.headers), ("expect_body", self.expect_body),
        )  # fmt: skip
        for name, written in filled:
            for blank in unknown_blanks(written, values):
                known = ", ".join(f"${{{one}}}" for one in ("n", "n % 3", "request", *values))
                raise BadSetting(name, f"has '{blank}'; what can be filled in is {known}")
        for key, header in (self.headers or {}).items():
            for name, value in values.items():
                for one in value.listed if f"${{{name}}}" in header else ():
                    if not carries(str(one)):
                        raise BadSetting("headers", f"has '{key}', and HTTP cannot carry its value '{one}'")

    @property
    def method(self) -> str:
        return self._part("method")

    @property
    def callee(self) -> str:
        return self._part("service")

    @property
    def target(self) -> str:
        return self._part("target")

    def _part(self, name: str) -> str:
        match = _REQUEST.fullmatch(self.request)
        assert match is not None
        return match[name]


def carries(header: str) -> bool:
    return _HEADER_VALUE.fullmatch(header) is not None
