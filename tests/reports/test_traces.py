"""A recording as spans, and as the two forms that viewers of traces read."""

from __future__ import annotations

import json
from typing import Any

from chaoscli.reports.otlp import ERROR, otlp_lines
from chaoscli.reports.perfetto import trace_document
from chaoscli.reports.spans import spans_of
from chaoscli.worlds.life import CURTAIN_WALL_S
from tests.reports.series import check_golden
from tests.reports.small_run import small_run
from tests.support.recordings import recording, run_of
from tests.support.simulations import simulated


def named(kind: str) -> list[tuple[str, float, float]]:
    return [(span.name, span.starts_s, round(span.ends_s, 6)) for span in SPANS if span.kind == kind]


SPANS = spans_of(small_run().variants["naive"])


def test_requests_attempts_and_work_are_spans() -> None:
    assert named("request") == [("s-1", 0.1, 0.3), ("s-2", 0.5, 1.2)]
    assert named("call") == [
        ("shoppers -> order", 0.1, 0.3),
        ("order -> inventory", 0.11, 0.16),
        ("order -> inventory #2", 0.2, 0.28),
        ("shoppers -> order", 0.5, 1.2),
    ]
    assert named("work") == [("order", 0.101, 0.299), ("inventory", 0.201, 0.279), ("order", 0.501, 0.502)]


def test_who_waited_for_whom_is_told_by_parents() -> None:
    def line(place: int | None) -> list[str]:
        return [] if place is None else [*line(SPANS[place].parent), f"{SPANS[place].kind} {SPANS[place].name}"]

    (deepest,) = [place for place, span in enumerate(SPANS) if span.node == "inventory"]
    assert line(deepest) == [
        "request s-1", "call shoppers -> order", "work order", "call order -> inventory #2", "work inventory",
    ]  # fmt: skip


def test_what_never_ended_lasts_to_the_end_and_says_so() -> None:
    unended = [(span.kind, span.name, span.ends_s) for span in SPANS if not span.ended]
    assert unended == [("request", "s-2", 1.2), ("call", "shoppers -> order", 1.2)]


def test_events_that_were_told_out_of_order_are_put_in_order() -> None:
    told = list(small_run().variants["naive"].events)
    turned = recording("naive").tell(*reversed(told))
    assert [(span.name, span.parent) for span in spans_of(turned)] == [(span.name, span.parent) for span in SPANS]


def test_the_whole_trace() -> None:
    check_golden("trace.json", json.dumps(trace_document(small_run()), indent=1, ensure_ascii=False) + "\n")


def test_each_beginning_has_its_end_and_nothing_is_before_zero() -> None:
    events = trace_document(simulated("retries", variants=("naive",)))["traceEvents"]
    begun = [event["id"] for event in events if event["ph"] == "b"]
    assert sorted(begun) == sorted(event["id"] for event in events if event["ph"] == "e")
    assert len(set(begun)) == len(begun)
    assert min(event.get("ts", 0) for event in events) == 0
    arrows = [[event["id"] for event in events if event["ph"] == end] for end in "sf"]
    assert arrows[0] == arrows[1]
    # Every retry of the naive variant, 338 of them.
    assert len(arrows[0]) == sum(" #" in event["name"] for event in events if event["ph"] == "b")
    known = {event["pid"] for event in events if event["ph"] == "M"}
    assert {event["pid"] for event in events} == known


def test_the_whole_of_otlp() -> None:
    check_golden("otlp.jsonl", "".join(line + "\n" for line in otlp_lines(small_run())))


def spans_in(lines: list[str]) -> list[dict[str, Any]]:
    resources = [one for line in lines for one in json.loads(line)["resourceSpans"]]
    return [span for resource in resources for scope in resource["scopeSpans"] for span in scope["spans"]]


def test_ids_are_hex_of_their_lengths_and_every_parent_is_there() -> None:
    spans = spans_in(list(otlp_lines(small_run())))
    assert {len(span["traceId"]) for span in spans} == {32}
    ids = [span["spanId"] for span in spans]
    assert {len(one) for one in ids} == {16}
    assert len(set(ids)) == len(ids) == len(SPANS) + 1
    assert {span["parentSpanId"] for span in spans if "parentSpanId" in span} <= set(ids)
    assert all(int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"]) for span in spans)
    assert [span["name"] for span in spans if span["status"]["code"] == ERROR] == [
        "s-2",
        "shoppers -> order",
        "order -> inventory",
        "order",
    ]


def test_a_trace_is_of_one_request_of_one_variant() -> None:
    run = run_of(
        recording("a").curtain(1.0).request(at=0.0, took=0.1, name="s-1"),
        recording("b").curtain(1.0).request(at=0.0, took=0.1, name="s-1"),
    )
    one, other = spans_in(list(otlp_lines(run)))
    assert one["traceId"] != other["traceId"]
    # Nobody's clock is in this recording.
    assert one["startTimeUnixNano"] == f"{CURTAIN_WALL_S:.0f}000000000"
