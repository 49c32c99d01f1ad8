"""Toxiproxy's toxics as our faults, and our faults as toxics: which attributes each type has and what they mean.

The types of the original keep its attributes and units (whole milliseconds, microseconds, kilobytes a second), each shown
with its zero; further fields of ours may be given beside them. All other faults of ours are types of their own, with their
fields as attributes: numbers in seconds, bytes and shares of one, or the text a playbook would hold.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaoscli.control import wire
from chaoscli.control.fault_text import LinkFault, link_kinds
from chaoscli.control.fields import Field, FieldError, fields_of
from chaoscli.control.go_json import kind_of
from chaoscli.control.replies import BadRequestError
from chaoscli.control.wire import ToxicAsked
from chaoscli.faults.base import BadSetting, ByteFault, Direction, MessageFault
from chaoscli.faults.catalogue import BOTH as BOTH_WAYS
from chaoscli.faults.datagrams.base import DatagramFault

BOTH = "both"
_DIRECTIONS = {"upstream": (Direction.REQUEST,), "downstream": (Direction.REPLY,), BOTH: BOTH_WAYS}
Fault = ByteFault | MessageFault | DatagramFault
_INT64 = range(-(2**63), 2**63)


def directions(stream: str) -> tuple[Direction, ...]:
    """The directions of a link that a stream's name means, whatever its case; none for a name that means nothing."""
    return _DIRECTIONS.get(stream.lower(), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of the original: ``field`` of ours holds ``scale`` times its number."""

    name: str
    field: str
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicKind:
    """One type. ``struct`` is what Go calls it in its complaints; ``settings`` is our fault (None: it harms nothing)."""

    name: str
    struct: str
    settings: type[Any] | None
    attributes: tuple[Attribute, ...] = ()

    def merged(self, present: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes after an update, each of the right type. BadRequestError when one is not, or the whole is no fault.

        Names that the type does not have are passed over, as the original does.
        """
        values = {attribute.name: 0 for attribute in self.attributes} | dict(present)
        for attribute in self.attributes:
            if attribute.name in given:
                values[attribute.name] = self._original(attribute, given[attribute.name])
        for field in self._own_fields():
            if field.name in given:
                self._read(field, given[field.name])
                values[field.name] = given[field.name]
        self.fault(values)
        return values

    @property
    def names(self) -> list[str]:
        """The attributes it has."""
        return [*(one.name for one in self.attributes), *(field.name for field in self._own_fields())]

    def fault(self, values: Mapping[str, Any]) -> Fault | None:
        """Our fault for attributes that ``merged`` has given."""
        if self.settings is None:
            return None
        fields = {one.field: self._ours(one, values[one.name]) for one in self.attributes}
        fields |= {field.name: self._read(field, values[field.name]) for field in self._own_fields() if field.name in values}
        for field in self._own_fields():
            if field.required and field.name not in fields:
                raise BadRequestError(f"{self.name} needs the attribute {field.name}: {field.doc}, like {field.example}")
        try:
            fault: Fault = self.settings(**fields)
        except BadSetting as error:
            name = next((one.name for one in self.attributes if one.field == error.field), error.field)
            raise BadRequestError(f"{self.name}: {name} {error.reason}") from error
        return fault

    @property
    def _aims(self) -> bool:
        """Whether it harms either the request or the reply, by an attribute of its own."""
        return self.settings is not None and "what" in fields_of(self.settings)

    def usual_stream(self, given: Mapping[str, Any]) -> str:
        """Where it acts if nobody says so: downstream, as in the original, but that of its message if it harms only one."""
        if self.settings is None or not self._aims:
            return "downstream"
        usual = next(field.default for field in dataclasses.fields(self.settings) if field.name == "what")
        return "upstream" if given.get("what", usual) == Direction.REQUEST.value else "downstream"

    def aimed(self, stream: str) -> dict[str, Any]:
        """The attribute that a stream stands for, with a fault that harms either the request or the reply of its own choice."""
        if not self._aims:
            return {}
        if stream.lower() == BOTH:
            raise BadRequestError(f"{self.name} harms one message: upstream is the request, downstream the reply")
        return {"what": directions(stream)[0].value}

    def _own_fields(self) -> list[Field]:
        """The fields that are not spoken for by an attribute of the original."""
        if self.settings is None:
            return []
        spoken_for = {one.field for one in self.attributes}
        return [field for name, field in fields_of(self.settings).items() if name not in spoken_for]

    def _original(self, attribute: Attribute, value: Any) -> int | str:
        """A whole number, as the original takes it; or a quantity with its unit, which may be finer ("500us")."""
        if isinstance(value, str) and not value.isdecimal():
            ours = self._ours(attribute, value)
            whole = round(ours / attribute.scale, 9)
            return int(whole) if whole.is_integer() else value
        if isinstance(value, bool) or not isinstance(value, int) or value not in _INT64:
            raise self._mismatch(attribute, value)
        if value < 0:
            raise BadRequestError(f"{self.name}: {attribute.name} cannot be negative")
        return value

    def _ours(self, attribute: Attribute, value: int | str) -> float:
        if not isinstance(value, str):
            return value * attribute.scale
        assert self.settings is not None
        try:
            ours: float = fields_of(self.settings)[attribute.field].from_text(value)
        except FieldError as error:
            raise self._mismatch(attribute, value) from error
        return ours

    def _mismatch(self, attribute: Attribute, value: Any) -> BadRequestError:
        return wire.mismatch(kind_of(value), f"{self.struct}.attributes.{attribute.name}", "int64")

    def _read(self, field: Field, value: Any) -> Any:
        try:
            return field.from_json(value)
        except FieldError as error:
            raise BadRequestError(f"{self.name}: {error}") from error


def with_toxicity(fault: Fault, toxicity: float) -> tuple[Fault, float]:
    """The fault, and the share of connections (of a UDP link's clients) it takes hold of.

    For a message fault toxicity is the chance of each request: an all-or-nothing draw for a connection that clients keep
    alive is what people complain of most. It has no bounds on the wire: nothing and less never happens, one and more always.
    """
    share = min(1.0, max(0.0, toxicity))
    if isinstance(fault, MessageFault):
        probability = getattr(fault, "probability", 1.0) * share
        return dataclasses.replace(fault, probability=probability), 1.0  # type: ignore[type-var]
    return fault, share


def asked_as_toxic(fault: LinkFault, name: str = "") -> ToxicAsked:
    """The toxic that a line of text means, to be sent to any server that has the type."""
    kind = kinds(udp=fault.udp)[fault.kind]
    attributes = dict(fault.given)
    for one in kind.attributes:
        if one.field in attributes:
            attributes[one.name] = _whole_or_text(attributes.pop(one.field), one.scale)
    what = getattr(fault.fault, "what", None)
    ways = (Direction(what),) if what else fault.directions
    stream = next(stream for stream, those in _DIRECTIONS.items() if those == ways)
    return ToxicAsked(
        name=name, type=fault.kind, stream=stream, toxicity=fault.share, attributes=attributes, duration_s=fault.duration_s
    )


def _whole_or_text(value: float, scale: float) -> int | str:
    """As the original takes it where that is exact; a fraction of its unit only our own server understands."""
    whole = round(value / scale, 9)
    if whole.is_integer():
        return int(whole)
    return f"{value:.9f}s" if scale < 1.0 else f"{value:.3f}B/s" if scale > 1.0 else f"{value:.0f}B"


MS = 1e-3
_ORIGINAL: tuple[tuple[str, str, str | None, tuple[tuple[str, str, float], ...]], ...] = (
    ("noop", "NoopToxic", None, ()),
    ("latency", "LatencyToxic", "latency", (("latency", "delay", MS), ("jitter", "jitter", MS))),
    ("bandwidth", "BandwidthToxic", "bandwidth", (("rate", "rate", 1000.0),)),
    ("slow_close", "SlowCloseToxic", "slow_close", (("delay", "delay", MS),)),
    ("timeout", "TimeoutToxic", "timeout", (("timeout", "after", MS),)),
    ("reset_peer", "ResetToxic", "reset_peer", (("timeout", "after", MS),)),
    (
        "slicer",
        "SlicerToxic",
        "slicer",
        (("average_size", "average_size", 1.0), ("size_variation", "size_variation", 1.0), ("delay", "delay", 1e-6)),
    ),
    ("limit_data", "LimitDataToxic", "limit_data", (("bytes", "bytes", 1.0),)),
)


@functools.cache
def kinds(*, udp: bool = False) -> dict[str, ToxicKind]:
    """Every type by its name, for streams or for datagrams: the original's, then those that only we have."""
    ours = link_kinds(udp=udp)
    table = {}
    for name, struct, kind, attributes in _ORIGINAL:
        if kind is not None and kind not in ours:
            continue
        mapped = tuple(Attribute(name=one, field=field, scale=scale) for one, field, scale in attributes)
        settings = ours[kind].settings if kind else None
        table[name] = ToxicKind(name=name, struct=struct, settings=settings, attributes=mapped)
    for name, row in ours.items():
        table.setdefault(name, ToxicKind(name=name, struct=row.settings.__name__, settings=row.settings))
    return table


def kind_of_toxic(name: str, *, udp: bool = False) -> ToxicKind | None:
    """None for a name that means nothing. BadRequestError for a type that harms only the other sort of link."""
    kind = kinds(udp=udp).get(name)
    if kind is None and name in kinds(udp=not udp):
        if udp:
            raise BadRequestError(f"{name} does not harm datagrams; what does is {', '.join(sorted(kinds(udp=True)))}")
        raise BadRequestError(f'{name} harms datagrams: create the proxy with "protocol": "udp"')
    return kind
