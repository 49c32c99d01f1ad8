"""A proxy and its toxics as the API knows them: what is shown of them, and what may become one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chaoscli.control import replies
from chaoscli.control.replies import ApiError
from chaoscli.control.toxics import BOTH, Fault, ToxicKind, directions, kind_of_toxic
from chaoscli.control.wire import ProxyAsked, ToxicAsked
from chaoscli.faults.base import MessageFault


@dataclass(slots=True, kw_only=True)
class Toxic:
    """One toxic of one proxy; ``key`` is its name on the board, ``until`` when it heals by itself (infinite: never)."""

    name: str
    key: str
    kind: ToxicKind
    stream: str
    toxicity: float
    attributes: dict[str, Any]
    duration_s: float | None = None
    until: float = math.inf

    @property
    def fault(self) -> Fault | None:
        return self.kind.fault(self.attributes)

    def plain(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "attributes": self.attributes,
            "name": self.name,
            "type": self.kind.name,
            "stream": self.stream,
            "toxicity": replies.shortest(self.toxicity),
        }
        if self.duration_s is not None:
            fields["duration"] = replies.shortest(self.duration_s * 1000.0)
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a link has carried: connections and HTTP requests, and the bytes and datagrams of each direction, as
    they were read and (``sent``) passed on.

    ``dropped`` datagrams were lost although no toxic asked for it, ``refused`` ones found nobody upstream.
    """

    connections: int = 0
    requests: int = 0
    bytes_request: int = 0
    bytes_reply: int = 0
    sent_request: int = 0
    sent_reply: int = 0
    datagrams_request: int = 0
    datagrams_reply: int = 0
    dropped: int = 0
    refused: int = 0

    def __add__(self, other: Carried) -> Carried:
        return Carried(**{name: getattr(self, name) + getattr(other, name) for name in Carried.__slots__})


@dataclass(slots=True, kw_only=True)
class Proxy:
    """``listen`` is the text asked for until the first start, and the bound address from then on; ``carried`` is what went
    through until it was stopped last."""

    name: str
    listen: str
    upstream: str
    http: bool = False
    udp: bool = False
    running: bool = False
    toxics: list[Toxic] = field(default_factory=list)
    carried: Carried = Carried()

    @property
    def protocol(self) -> str:
        return "udp" if self.udp else "tcp"

    def plain(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"name": self.name, "listen": self.listen, "upstream": self.upstream, "enabled": self.running}
        if self.http:
            fields["http"] = True
        if self.udp:
            fields["protocol"] = "udp"
        # Go's server shows its logger by accident, and strict clients have come to expect the member.
        return {**fields, "Logger": {}, "toxics": [toxic.plain() for toxic in self.listed()]}

    def listed(self) -> list[Toxic]:
        """Upstream first, then those of both ways, then downstream; in each the order they were added in."""
        rank = {"upstream": 0, BOTH: 1, "downstream": 2}
        return sorted(self.toxics, key=lambda toxic: rank[toxic.stream.lower()])

    def toxic(self, name: str) -> Toxic:
        found = next((toxic for toxic in self.toxics if toxic.name == name), None)
        if found is None:
            raise ApiError(*replies.TOXIC_NOT_FOUND)
        return found


def check_named(asked: ProxyAsked, place: int | None = None) -> None:
    for name in ("name", "upstream"):
        if not getattr(asked, name):
            raise replies.missing_field(name, place)
    is_udp(asked)


def check_whole(asked: ProxyAsked, place: int | None = None) -> None:
    """Whether a proxy could be made of it, toxics and all. ApiError when not."""
    check_named(asked, place)
    new_toxics(proxy_of(asked), asked.toxics)


def proxy_of(asked: ProxyAsked) -> Proxy:
    """A proxy that is not there yet, without toxics."""
    return Proxy(
        name=asked.name, listen=asked.listen or "", upstream=asked.upstream or "", http=bool(asked.http), udp=is_udp(asked)
    )


def is_udp(asked: ProxyAsked) -> bool:
    """Whether it is to carry datagrams. BadRequestError for a protocol that nobody knows."""
    if asked.protocol not in (None, "", "tcp", "udp"):
        raise replies.BadRequestError(f"protocol is tcp or udp, and not '{asked.protocol}'")
    if asked.protocol == "udp" and asked.http:
        raise replies.BadRequestError("http is carried over tcp, and not over udp")
    return asked.protocol == "udp"


def new_toxics(proxy: Proxy, asked: Sequence[ToxicAsked]) -> list[Toxic]:
    """The toxics written inside a proxy that is not there yet; no two may share a name."""
    toxics: list[Toxic] = []
    for one in asked:
        toxics.append(new_toxic(replace(proxy, toxics=toxics), one))
    return toxics


def new_toxic(proxy: Proxy, asked: ToxicAsked) -> Toxic:
    """Checked in Toxiproxy's order: stream, type, name, attributes.

    A stream that was said tells a fault of one message which one, as far as its attribute ``what`` does not.
    """
    if asked.stream is not None and not directions(asked.stream):
        raise ApiError(*replies.INVALID_STREAM)
    kind = kind_of_toxic(asked.type, udp=proxy.udp)
    if kind is None:
        raise ApiError(*replies.INVALID_TYPE)
    stream = kind.usual_stream(asked.attributes) if asked.stream is None else asked.stream
    name = asked.name or f"{asked.type}_{stream}"
    if any(toxic.name == name for toxic in proxy.toxics):
        raise ApiError(*replies.TOXIC_EXISTS)
    aimed = kind.aimed(stream) if asked.stream is not None else {}
    attributes = kind.merged({}, {**aimed, **asked.attributes})
    if isinstance(kind.fault(attributes), MessageFault) and not proxy.http:
        raise replies.BadRequestError(f'{kind.name} harms HTTP messages: create the proxy with "http": true')
    toxicity = 1.0 if asked.toxicity is None else asked.toxicity
    return Toxic(
        name=name,
        key=f"{proxy.name}/{name}",
        kind=kind,
        stream=stream,
        toxicity=toxicity,
        attributes=attributes,
        duration_s=asked.duration_s,
    )
