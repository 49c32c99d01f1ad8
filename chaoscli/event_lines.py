"""Events as JSON lines: what processes tell each other, and what a recording is on disk."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from chaoscli.compact import compact
from chaoscli.events import (
    Aborted,
    Answered,
    Arrived,
    BreakerChanged,
    CacheServed,
    CallEnded,
    CallHedged,
    CallRejected,
    CallStarted,
    CurtainFell,
    CurtainRose,
    Event,
    EventsLost,
    FallbackServed,
    FaultHealed,
    FaultInjected,
    FaultMeasured,
    FaultTouched,
    Happened,
    LimitChanged,
    LinkCounted,
    NodeChanged,
    Noted,
    Overheard,
    Refused,
    RequestEnded,
    RequestSkipped,
    RequestStarted,
    RetryDenied,
    RetryPlanned,
)
from chaoscli.messages import Result

KINDS: dict[str, type[Event]] = {
    "curtain_rose": CurtainRose,
    "curtain_fell": CurtainFell,
    "node_changed": NodeChanged,
    "noted": Noted,
    "events_lost": EventsLost,
    "aborted": Aborted,
    "fault_injected": FaultInjected,
    "fault_healed": FaultHealed,
    "fault_touched": FaultTouched,
    "fault_measured": FaultMeasured,
    "overheard": Overheard,
    "link_counted": LinkCounted,
    "request_started": RequestStarted,
    "request_ended": RequestEnded,
    "request_skipped": RequestSkipped,
    "call_started": CallStarted,
    "call_ended": CallEnded,
    "retry_planned": RetryPlanned,
    "retry_denied": RetryDenied,
    "call_rejected": CallRejected,
    "fallback_served": FallbackServed,
    "call_hedged": CallHedged,
    "cache_served": CacheServed,
    "breaker_changed": BreakerChanged,
    "arrived": Arrived,
    "answered": Answered,
    "refused": Refused,
    "limit_changed": LimitChanged,
    "happened": Happened,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_FIELDS = {kind: tuple(one.name for one in dataclasses.fields(kind)) for kind in KINDS.values()}
_RESULT_KINDS = frozenset({RequestEnded, CallEnded, FallbackServed})
_TUPLES = {CurtainRose: ("nodes", "links", "foreign"), FaultInjected: ("targets",)}


def to_fields(event: Event) -> dict[str, Any]:
    """The event as one flat JSON object, its kind under ``event``."""
    kind = type(event)
    return {"event": _NAMES[kind], **{name: getattr(event, name) for name in _FIELDS[kind]}}


def from_fields(fields: Mapping[str, Any]) -> Event | None:
    """The event of a JSON object; None for a kind this version does not know. Unknown fields are passed over, and
    missing ones take their defaults, so that recordings outlive versions."""
    kind = KINDS.get(fields.get("event", ""))
    if kind is None:
        return None
    known: dict[str, Any] = {name: fields[name] for name in _FIELDS[kind] if name in fields}
    if kind in _RESULT_KINDS:
        known["result"] = Result(known["result"])
    for name in _TUPLES.get(kind, ()):
        known[name] = tuple(known.get(name, ()))
    return kind(**known)


def encode(event: Event) -> str:
    """One JSON line without its newline."""
    return compact(to_fields(event))


def decode(line: str | bytes) -> Event | None:
    return from_fields(json.loads(line))
