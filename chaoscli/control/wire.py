"""The JSON that clients send, read the way Go reads it into the few values the API knows.

Unknown members are passed over (clients send whole objects back), null and absent both mean "leave it", and a member of the
wrong type is refused in Go's words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaoscli.control.go_json import GoJsonError, first_value, folded, kind_of
from chaoscli.control.replies import BadRequestError, fits_single
from chaoscli.units import UnitError, parse_duration

# More proxies in one list than any program has upstreams; each costs a port.
MOST_PROXIES_IN_A_LIST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicAsked:
    """A toxic as a client asked for it; None is what it did not say. ``duration_s`` and a stream of "both" are ours."""

    name: str = ""
    type: str = ""
    stream: str | None = None
    toxicity: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAsked:
    """A proxy as a client asked for it; None is what it did not say. ``http``, ``protocol`` ("tcp" or "udp") and ``toxics`` are
    ours."""

    name: str = ""
    listen: str | None = None
    upstream: str | None = None
    enabled: bool | None = None
    http: bool | None = None
    protocol: str | None = None
    toxics: tuple[ToxicAsked, ...] = ()


def read_body(body: bytes) -> Any:
    try:
        return first_value(body)
    except GoJsonError as error:
        raise BadRequestError(str(error)) from error


def read_proxy(value: Any) -> ProxyAsked:
    """What is said of the proxy itself, as an update takes it. BadRequestError when a member has the wrong type."""
    members = _Members(value, "Proxy")
    return ProxyAsked(
        name=members.text("name") or "",
        listen=members.text("listen"),
        upstream=members.text("upstream"),
        enabled=members.flag("enabled"),
        http=members.flag("http"),
        protocol=members.text("protocol"),
    )


def read_whole_proxy(item: Any) -> ProxyAsked:
    """One proxy with the toxics written inside it."""
    toxics = _Members(item, "Proxy").items("toxics")
    return dataclasses.replace(read_proxy(item), toxics=tuple(read_toxic(toxic) for toxic in toxics))


def read_proxies(value: Any) -> tuple[ProxyAsked, ...]:
    """A list of proxies, each with the toxics written inside it."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadRequestError(f"json: cannot unmarshal {_bare(kind_of(value))} into Go value of type []toxiproxy.Proxy")
    if len(value) > MOST_PROXIES_IN_A_LIST:
        raise BadRequestError(f"{len(value)} proxies are more than the {MOST_PROXIES_IN_A_LIST} one list may hold")
    return tuple(read_whole_proxy(item) for item in value)


def read_toxic(value: Any) -> ToxicAsked:
    """One toxic out of parsed JSON; its attributes are checked later, when its type is known."""
    members = _Members(value, "ToxicWrapper")
    return ToxicAsked(
        name=members.text("name") or "",
        type=members.text("type") or "",
        stream=members.text("stream"),
        toxicity=members.number("toxicity"),
        attributes=folded(members.mapping("attributes")),
        duration_s=members.duration("duration"),
    )


def mismatch(kind: str, place: str, wanted: str) -> BadRequestError:
    """Go's complaint that a value of one JSON kind cannot become a field (``Struct.field``) of a Go type."""
    return BadRequestError(f"json: cannot unmarshal {kind} into Go struct field {place} of type {wanted}")


def _bare(kind: str) -> str:
    """Numbers are named by their value only where a number was wanted."""
    return kind.partition(" ")[0]


class _Members:
    """The members of one JSON object, each asked for by its Go type; absent and null are None."""

    def __init__(self, value: Any, struct: str) -> None:
        self._struct = struct
        if value is not None and not isinstance(value, dict):
            package = {"Proxy": "toxiproxy", "ToxicWrapper": "toxics"}[struct]
            raise BadRequestError(f"json: cannot unmarshal {_bare(kind_of(value))} into Go value of type {package}.{struct}")
        self._members = folded(value or {})

    def text(self, name: str) -> str | None:
        value = self._members.get(name)
        if value is not None and not isinstance(value, str):
            raise self._mismatch(_bare(kind_of(value)), name, "string")
        return value

    def flag(self, name: str) -> bool | None:
        value = self._members.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._mismatch(_bare(kind_of(value)), name, "bool")
        return value

    def number(self, name: str) -> float | None:
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._mismatch(_bare(kind_of(value)), name, "float32")
        if not fits_single(value):
            raise self._mismatch(kind_of(value), name, "float32")
        return float(value)

    def duration(self, name: str) -> float | None:
        """Seconds, from a number of milliseconds (as Toxiproxy's own durations are) or from text like "3s"."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                seconds = parse_duration(value)
            except UnitError as error:
                raise BadRequestError(str(error)) from error
        else:
            seconds = (self.number(name) or 0.0) / 1000.0
        if seconds <= 0.0:
            raise BadRequestError("duration must be longer than nothing; leave it out for a toxic that stays")
        return seconds

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._members.get(name, {})
        if not isinstance(value, dict):
            raise self._mismatch(_bare(kind_of(value)), name, "toxics.Toxic")
        return value

    def items(self, name: str) -> list[Any]:
        value = self._members.get(name, [])
        if not isinstance(value, list):
            raise self._mismatch(_bare(kind_of(value)), name, "[]toxics.ToxicWrapper")
        return value

    def _mismatch(self, kind: str, name: str, wanted: str) -> BadRequestError:
        return mismatch(kind, f"{self._struct}.{name}", wanted)
