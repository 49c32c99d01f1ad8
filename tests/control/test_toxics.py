from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.control.fault_text import link_kinds, parse_fault
from chaoscli.control.replies import ApiError
from chaoscli.control.toxics import Fault, asked_as_toxic, directions, kind_of_toxic, kinds, with_toxicity
from chaoscli.control.wire import ToxicAsked
from chaoscli.faults.base import Direction
from chaoscli.faults.drop import Drop
from chaoscli.faults.latency import Latency


def fault_of(kind: str, **attributes: Any) -> Fault | None:
    found = kind_of_toxic(kind)
    assert found is not None
    return found.fault(found.merged({}, attributes))


def refusal_of(kind: str, **attributes: Any) -> str:
    with pytest.raises(ApiError) as caught:
        fault_of(kind, **attributes)
    assert caught.value.status == 400
    return caught.value.message.removeprefix("bad request body: ")


@pytest.mark.parametrize(
    ("kind", "attributes", "words"),
    [
        ("latency", {"latency": 100, "jitter": 20}, "latency 100ms ± 20ms"),
        ("latency", {"latency": 100, "jitter": 20, "distribution": "normal"}, "latency 100ms ± 20ms normal"),
        ("bandwidth", {"rate": 64}, "bandwidth 64KB/s"),
        ("bandwidth", {"rate": 64, "per": "link"}, "bandwidth 64KB/s for the whole link"),
        ("slow_close", {"delay": 1500}, "close 1.5s late"),
        ("timeout", {"timeout": 0}, "drop all bytes"),
        ("timeout", {"timeout": 2000}, "drop all bytes, close after 2s of quiet"),
        ("reset_peer", {"timeout": 250}, "reset 250ms after the first byte"),
        ("slicer", {"average_size": 1024, "size_variation": 512, "delay": 10}, "slices of 1.02KB ± 512B, 10us apart"),
        ("limit_data", {"bytes": 1000}, "close after 1KB"),
        ("loss", {"rate": "5%"}, "loss 5%, as retransmission delay"),
        ("silence", {}, "silence"),
    ],
)
def test_a_toxic_is_one_of_our_faults(kind: str, attributes: dict[str, Any], words: str) -> None:
    fault = fault_of(kind, **attributes)
    assert fault is not None
    assert fault.words().startswith(words.split(",")[0])
    assert kind != "loss" or "5%" in fault.words()


def test_a_noop_harms_nothing() -> None:
    assert fault_of("noop") is None


@pytest.mark.parametrize("kind", ["latency", "bandwidth", "slow_close", "timeout", "reset_peer", "limit_data", "noop"])
def test_a_type_of_the_original_needs_no_attributes(kind: str) -> None:
    found = kind_of_toxic(kind)
    assert found is not None
    assert found.merged({}, {}) == {attribute.name: 0 for attribute in found.attributes}


def test_every_fault_of_a_link_is_a_type() -> None:
    assert set(kinds()) == set(link_kinds()) | {"noop"}


@pytest.mark.parametrize(
    ("kind", "attributes", "reason"),
    [
        ("slicer", {}, "slicer: average_size must be at least 1 byte"),
        ("slicer", {"average_size": 10, "size_variation": 10}, "slicer: size_variation must be less than average_size"),
        ("bandwidth", {"rate": -1}, "bandwidth: rate cannot be negative"),
        ("latency", {"jitter": -5}, "latency: jitter cannot be negative"),
        ("loss", {}, "loss needs the attribute rate: "),
        ("loss", {"rate": 1.5}, "loss: rate "),
        ("loss", {"rate": True}, "loss: rate is written like 5%"),
        ("loss", {"rate": [1]}, "loss: rate is written like 5%"),
        ("drop", {"first": 1.5}, "drop: first is written like 1"),
        ("drop", {"method": 5}, "drop: method is written like text"),
        ("error", {"headers": "nothing"}, "error: 'nothing' is not written like "),
    ],
)  # fmt: skip
def test_what_is_no_fault_is_refused_with_the_reason(kind: str, attributes: dict[str, Any], reason: str) -> None:
    assert refusal_of(kind, **attributes).startswith(reason)


@pytest.mark.parametrize(("value", "kept"), [("250ms", 250), ("1.5s", 1500), ("500us", "500us"), ("0ms", 0), (3, 3)])
def test_an_attribute_of_the_original_may_have_its_unit(value: Any, kept: Any) -> None:
    found = kind_of_toxic("latency")
    assert found is not None
    assert found.merged({}, {"latency": value}) == {"latency": kept, "jitter": 0}


def test_a_quantity_finer_than_the_original_s_unit_is_kept_exactly() -> None:
    assert fault_of("latency", latency="500us") == Latency(delay=0.0005)


def test_an_update_keeps_what_it_does_not_name() -> None:
    found = kind_of_toxic("latency")
    assert found is not None
    present = found.merged({}, {"latency": 5, "distribution": "pareto"})
    assert found.merged(present, {"jitter": 2}) == {"latency": 5, "jitter": 2, "distribution": "pareto"}


@pytest.mark.parametrize(
    ("stream", "ways"),
    [
        ("upstream", (Direction.REQUEST,)),
        ("DownStream", (Direction.REPLY,)),
        ("both", (Direction.REQUEST, Direction.REPLY)),
        ("", ()),
        ("sideways", ()),
    ],
)
def test_a_stream_is_a_direction_whatever_its_case(stream: str, ways: tuple[Direction, ...]) -> None:
    assert directions(stream) == ways


@pytest.mark.parametrize(("toxicity", "share"), [(-1.0, 0.0), (0.0, 0.0), (0.3, 0.3), (1.0, 1.0), (7.0, 1.0)])
def test_toxicity_has_no_bounds_on_the_wire(toxicity: float, share: float) -> None:
    assert with_toxicity(Latency(delay=1.0), toxicity) == (Latency(delay=1.0), share)
    assert with_toxicity(Drop(probability=0.5), toxicity) == (Drop(probability=0.5 * share), 1.0)


def toxic(kind: str, stream: str, *, toxicity: float = 1.0, duration_s: float | None = None, **attributes: Any) -> ToxicAsked:
    return ToxicAsked(type=kind, stream=stream, toxicity=toxicity, duration_s=duration_s, attributes=attributes)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("latency 20ms jitter 5ms", toxic("latency", "downstream", latency=20, jitter=5)),
        ("latency 0.5ms", toxic("latency", "downstream", latency="0.000500000s")),
        ("bandwidth 1.5KB/s direction both", toxic("bandwidth", "both", rate="1500.000B/s")),
        ("slicer 64B delay 10us share 5%", toxic("slicer", "downstream", toxicity=0.05, average_size=64, delay=10)),
        ("silence for 3s", toxic("silence", "both", duration_s=3.0)),
        ("drop reply 30%", toxic("drop", "downstream", what="reply", probability=0.3)),
        ("drop", toxic("drop", "upstream")),
        ("late 200ms", toxic("late", "downstream", by=0.2)),
    ],
)
def test_a_line_of_text_is_a_toxic_that_means_the_same(text: str, asked: ToxicAsked) -> None:
    line = parse_fault(text)
    assert asked_as_toxic(line) == asked
    assert fault_of(asked.type, **asked.attributes) == line.fault


_VALUES = st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["5%", "1s", "64KB/s"])


@given(st.sampled_from(sorted(kinds())), st.data())
def test_any_attributes_are_a_fault_or_a_refusal(kind: str, data: st.DataObject) -> None:
    found = kind_of_toxic(kind)
    assert found is not None
    names = [
        *(attribute.name for attribute in found.attributes),
        "rate",
        "by",
        "status",
        "headers",
        "probability",
        "after",
        "piece",
    ]
    given_attributes = data.draw(st.dictionaries(st.sampled_from(names), _VALUES.filter(lambda value: value is not None)))
    try:
        values = found.merged({}, given_attributes)
    except ApiError as error:
        refused = error.status
    else:
        refused = 0
        assert found.merged(values, {}) == values
    assert refused in (0, 400)
