"""The table of faults is complete, consistent, and carries every fault as plain JSON."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
from typing import Any

import pytest

import chaoscli.faults
from chaoscli.errors import UsageError
from chaoscli.faults.base import BadSetting, ByteFault, MessageFault, NodeFault
from chaoscli.faults.catalogue import FAULTS, FaultKind, describe, fault_from_plain, fault_to_plain
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.drop import Drop
from chaoscli.faults.error import Error
from chaoscli.faults.latency import Latency
from chaoscli.faults.slow import Slow

EXAMPLES: dict[str, dict[str, Any]] = {
    "latency": {"delay": 0.1, "jitter": 0.05, "distribution": "normal"},
    "bandwidth": {"rate": 64_000.0, "per": "link"},
    "loss": {"rate": 0.02},
    "slicer": {"average_size": 10.0},
    "corrupt": {"rate": 0.001},
    "tamper": {"find": "20", "put": "90"},
    "limit_data": {"bytes": 1000.0},
    "slow_close": {"delay": 1.0},
    "late": {"by": 0.2},
    "slow": {"by": 4.0},
    "error": {"status": 429, "headers": {"X-Reason": "quota"}, "retry_after": 2.0},
    "clock_skew": {"offset": -0.15, "drift": 200.0},
}
# What a playbook writes beside a fault's own settings.
SPOKEN_FOR = {"name", "at", "for", "until", "every", "ramp", "direction", "share"}


def example(row: FaultKind) -> Any:
    return row.settings(**EXAMPLES.get(row.kind, {}))


rows = pytest.mark.parametrize("row", FAULTS.values(), ids=lambda row: row.kind)


def test_every_fault_in_the_folder_is_in_the_table() -> None:
    written = set()
    for module in pkgutil.iter_modules(chaoscli.faults.__path__):
        name = f"chaoscli.faults.{module.name}"
        for value in vars(importlib.import_module(name)).values():
            here = (
                isinstance(value, type) and value.__module__ == name
            )  # and not only imported: those of datagrams have a table too
            if here and dataclasses.is_dataclass(value) and isinstance(getattr(value, "kind", None), str):
                written.add(value)
    assert written - {FaultKind} == {row.settings for row in FAULTS.values()}


@rows
def test_a_row_tells_the_truth_about_its_fault(row: FaultKind) -> None:
    fault = example(row)
    assert row.settings.kind == row.kind
    assert row.doc.endswith(".")
    if row.aim == "groups":
        return
    harms = {"bytes": ByteFault, "messages": MessageFault, "node": NodeFault}[row.harms]
    assert isinstance(fault, harms)
    assert isinstance(fault, ByteFault) == (row.harms == "bytes")
    assert isinstance(fault, MessageFault) == (row.harms == "messages")
    assert bool(row.directions) == (row.harms == "bytes")


@rows
def test_every_field_has_its_help(row: FaultKind) -> None:
    assert all(field.metadata.get("doc") for field in dataclasses.fields(row.settings))


@rows
def test_no_setting_is_called_like_a_fault_or_like_what_a_playbook_says_of_all_faults(row: FaultKind) -> None:
    names = {field.name for field in dataclasses.fields(row.settings)}
    assert not names & (set(FAULTS) | SPOKEN_FOR)


@rows
def test_a_fault_travels_as_plain_json_and_comes_back_itself(row: FaultKind) -> None:
    fault = example(row)
    assert fault_from_plain(row.kind, json.loads(json.dumps(fault_to_plain(fault)))) == fault


@rows
def test_a_fault_says_itself_in_one_line(row: FaultKind) -> None:
    words = describe(example(row))
    assert words
    assert words == words.strip()
    assert "\n" not in words


def test_an_unknown_kind_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        fault_from_plain("latncy", {})
    assert caught.value.render() == "unknown fault 'latncy'\n  did you mean 'latency'?"


def test_an_impossible_value_is_refused_on_arrival_too() -> None:
    with pytest.raises(BadSetting, match="delay cannot be negative"):
        fault_from_plain("latency", {"delay": -1.0})


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Latency(delay=0.1, jitter=0.05, distribution="normal"), "latency 100ms ± 50ms normal"),
        (Drop(what="reply", probability=0.3), "drop reply 30%"),
        (Error(retry_after=2.0), "error 503, retry after 2s"),
        (Slow(by=4.0), "slow 4x"),
        (ClockSkew(offset=-0.15, drift=200.0), "clock skew -150ms, drifting 200ppm"),
        (ClockSkew(drift=200.0), "clock skew drifting 200ppm"),
        (ClockSkew(), "clock skew 0ms"),
        (ClockSkew(freeze=True), "clock skew frozen"),
        (ClockSkew(offset=-0.15, freeze=True), "clock skew -150ms, frozen"),
    ],
)
def test_the_words_of_the_story(fault: Any, words: str) -> None:
    assert describe(fault) == words


def test_a_node_cannot_work_in_no_time() -> None:
    with pytest.raises(BadSetting, match="by must be more than 0"):
        Slow(by=0.0)


def test_a_skewed_clock_is_off_and_drifts() -> None:
    # 10 s at 200 ppm gain 2 ms, on a clock that is 150 ms behind.
    assert ClockSkew(offset=-0.15, drift=200.0).reading(1000.0, 10.0) == pytest.approx(999.852)


def test_a_frozen_clock_shows_what_it_showed_when_it_stopped() -> None:
    frozen = ClockSkew(offset=2.0, freeze=True)
    assert [frozen.reading(1000.0 + lasted_s, lasted_s) for lasted_s in (0.0, 3.0, 60.0)] == [1002.0] * 3


def test_a_clock_cannot_stand_still_and_drift() -> None:
    with pytest.raises(BadSetting, match="freeze and drift at once"):
        ClockSkew(freeze=True, drift=200.0)
