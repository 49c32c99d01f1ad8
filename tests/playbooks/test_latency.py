"""Latency: the same work in none, 1, 10 and 100 round trips; work that is asked for in pieces again is slow again."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.errors import ExitCode
from tests.support.plays import Played, play

LINK = "page -> prices"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("latency", tmp_path_factory.mktemp("latency"))


def test_every_expectation_holds(shipped: Played) -> None:
    assert (shipped.code, shipped.failed()) == (ExitCode.HELD, []), shipped.told()


def test_a_page_makes_as_many_calls_as_its_lane_says(shipped: Played) -> None:
    lanes = ("batched", "ten-calls", "hundred-calls")
    assert [shipped.measure(lane, "amplification", LINK) for lane in lanes] == [1, 10, 100]
    assert LINK not in shipped.document["variants"]["in-process"]["links"]


def test_every_page_is_answered_whatever_the_distance(shipped: Played) -> None:
    assert {of["measures"]["success"] for of in shipped.document["variants"].values()} == {1}


def test_every_call_was_late_by_what_was_asked(shipped: Played) -> None:
    far = [fault for fault in shipped.document["faults"] if fault["fault"] == "far"]
    delays = [figure for fault in far for figure in fault["figures"] if figure["what"] == "delay"]
    assert [figure["asked"] for figure in delays] == [0.02] * 3
    assert all(0.02 <= figure["achieved"] < 0.04 for figure in delays)


def test_without_its_cure_each_variant_fails_the_expectations_that_guard_it(tmp_path: Path) -> None:
    asks_ten_times = ["batched:page.batch=false", "batched:page.times=10"]
    # Two hundred calls to a service next door, a page a second so that the machine is not what they wait for.
    asks_next_door = [
        "in-process:page.calls.prices={timeout: none}",
        "in-process:page.items=1",
        "in-process:page.times=200",
        "in-process:load.readers.rate=1/s",
    ]
    # Each fault by its variant: in-process has none to shorten.
    faults = ["faults.far.at=500ms", "faults.far.for=2s", "faults.stray.at=2500ms", "faults.stray.for=2s"]
    shorter = [f"{lane}:{change}" for lane in ("batched", "ten-calls", "hundred-calls") for change in faults]
    played = play(
        "latency",
        tmp_path,
        variants=["in-process", "batched", "ten-calls"],
        changed=[*asks_ten_times, *asks_next_door, *shorter, "lasts=4500ms"],
        world="sim",
    )
    assert played.failed() == [
        "in-process: p50 < 100ms",
        "batched: p50 during far < 150ms",
        "p50(ten-calls) during far > 3 * p50(batched) during far",
    ], played.told()
