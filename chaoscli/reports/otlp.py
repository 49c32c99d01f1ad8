"""A recording as OTLP JSON lines, one for each service of each variant; Jaeger's page opens such a file.

OpenTelemetry protocol, "JSON Protobuf Encoding": ids in hex, 64-bit integers as strings, enums as integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chaoscli import dice
from chaoscli.compact import compact
from chaoscli.events import Arrived
from chaoscli.recording import Recording, RunRecording
from chaoscli.reports.spans import Span, spans_of
from chaoscli.tracing import trace_id

INTERNAL, SERVER, CLIENT = 1, 2, 3  # opentelemetry.proto.trace.v1.Span.SpanKind
UNSET, ERROR = 0, 2  # opentelemetry.proto.trace.v1.Status.StatusCode
_KINDS = {"request": INTERNAL, "call": CLIENT, "work": SERVER}
# What the clocks of a recording without any show at its curtain: those of the simulated world.
CURTAIN_WALL_S = 1_700_000_000.0


def otlp_lines(run: RunRecording) -> Iterator[str]:
    """Without their newlines."""
    for variant, recording in run.variants.items():
        spans = spans_of(recording)
        epoch_s = _epoch_s(recording)
        for node in dict.fromkeys(span.node for span in spans):
            own = [_plain(run, variant, spans, place, epoch_s) for place, span in enumerate(spans) if span.node == node]
            resource = {"service.name": node, "chaos.playbook": run.header.playbook, "chaos.variant": variant}
            scope = {"name": "chaoscli", "version": run.header.version}
            line = {"resource": {"attributes": _attributes(resource)}, "scopeSpans": [{"scope": scope, "spans": own}]}
            yield compact({"resourceSpans": [line]})


def _plain(run: RunRecording, variant: str, spans: list[Span], place: int, epoch_s: float) -> dict[str, Any]:
    span, seed = spans[place], run.header.seed
    parent = {} if span.parent is None else {"parentSpanId": _span_id(seed, variant, span.parent)}
    failed = span.failed or not span.ended
    return {
        "traceId": trace_id(seed, f"{variant}/{span.request}"),
        "spanId": _span_id(seed, variant, place),
        **parent,
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": _nanos(epoch_s + span.starts_s),
        "endTimeUnixNano": _nanos(epoch_s + span.ends_s),
        "attributes": _attributes({"request": span.request, **span.said}),
        "status": {"code": ERROR if failed else UNSET},
    }


def _epoch_s(recording: Recording) -> float:
    """The curtain by a wall clock of the run: that of whoever was first to receive something."""
    known = (arrived.received_wall_s - arrived.at for arrived in recording.of(Arrived) if arrived.received_wall_s)
    return next(known, CURTAIN_WALL_S)


def _span_id(seed: int, variant: str, place: int) -> str:
    return f"{dice.bits(seed, 'otlp span', variant, place, count=64) or 1:016x}"


def _nanos(seconds: float) -> str:
    return str(round(seconds * 1e6) * 1000)


def _attributes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in facts.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}
