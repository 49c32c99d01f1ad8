"""What load to offer: which request, how often, from when until when, and what its sender does about a slow answer."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.faults.base import BadSetting
from chaoscli.load.template import unknown_blanks
from chaoscli.resilience.policy import Policy
from chaoscli.settings import setting
from chaoscli.units import PerSecond, Seconds

# RFC 9112, section 3: a target is visible ASCII; blanks may have spaces inside, and are filled in before it is sent.
_REQUEST = re.compile(r"(?P<method>[A-Z]+) +(?P<service>[^\s/]+) +(?P<target>/(?:\$\{[^}]*\}|[!-~])*)")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: a token
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")  # RFC 9110, section 5.5, without what is obsolete
_FRAMING = frozenset({"host", "content-length", "transfer-encoding"})


# A connection each, as many as the transport opens to one callee.
MOST_IN_FLIGHT = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Load(Policy):
    """An open model: requests start on a schedule, whatever the replies do, as people do who do not know each other.

    Its policy is that of the people: none gives up unless the playbook says so. ``${n}`` in the target, the JSON and the
    headers is the request's number, ``${n % 3}`` goes round in three, ``${request}`` is its id.
    """

    request: str = setting("what is sent, like POST order /api/orders")
    json: Mapping[str, Any] | None = setting("the body, sent as JSON; ${n} is the request's number", None)
    headers: Mapping[str, str] | None = setting("headers sent beside the usual ones", None)
    rate: PerSecond = setting("requests started each second", 20.0)
    arrivals: Literal["constant", "poisson"] = setting(
        "constant: evenly spaced; poisson: independent of each other, which queues far more", "poisson"
    )
    starts: Seconds = setting("when in the play the load begins", 0.0)
    stops: Seconds | None = setting("when in the play it ends; none: with the play", None)
    timeout: Seconds | None = setting("give up on an attempt after this long; none waits for ever", None)
    expect_status: tuple[int, ...] = setting("the statuses that count as ok; without any, all below 400", ())
    # Each request in flight holds a connection, and 1024 descriptors a process are usual.
    max_in_flight: int = setting("at most so many requests at once; further ones are skipped, and the report says so", 500)
    drain: Seconds = setting("how long to wait at the end for replies still to come", 2.0)

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        self._check_request()
        self._check_headers()
        for status in self.expect_status:
            if not 200 <= status <= 599:
                raise BadSetting("expect_status", f"has {status}; a final status is from 200 to 599")
        if not 1 <= self.max_in_flight <= MOST_IN_FLIGHT:
            raise BadSetting("max_in_flight", f"is {self.max_in_flight}; it may be from 1 to {MOST_IN_FLIGHT}")
        if self.stops is not None and self.stops <= self.starts:
            raise BadSetting("stops", "is not after it starts, so nothing would ever be sent")

    def _check_request(self) -> None:
        if _REQUEST.fullmatch(self.request) is None:
            raise BadSetting("request", f"is '{self.request}'; it names method, service and path, like 'POST order /api/orders'")
        for name, value in (("request", self.target), ("json", self.json), ("headers", self.headers)):
            for blank in unknown_blanks(value):
                raise BadSetting(name, f"has '{blank}'; what can be filled in is ${{n}}, ${{n % 3}} and ${{request}}")

    def _check_headers(self) -> None:
        for key, value in (self.headers or {}).items():
            if key.lower() in _FRAMING:
                raise BadSetting("headers", f"has '{key}', which goes with every request by itself")
            if _HEADER_NAME.fullmatch(key) is None or _HEADER_VALUE.fullmatch(value) is None:
                raise BadSetting("headers", f"has '{key}: {value}', which HTTP cannot carry")

    @property
    def method(self) -> str:
        return self._part("method")

    @property
    def callee(self) -> str:
        return self._part("service")

    @property
    def target(self) -> str:
        return self._part("target")

    @property
    def policy(self) -> Policy:
        """What the load does about its callee, as a policy of its own."""
        return Policy(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Policy)})

    def _part(self, name: str) -> str:
        match = _REQUEST.fullmatch(self.request)
        assert match is not None
        return match[name]
