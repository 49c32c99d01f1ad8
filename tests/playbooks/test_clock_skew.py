"""Clock skew: received before it was sent; the newer write loses by wall clocks, and by any others that are put back to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.errors import ExitCode
from tests.support.plays import Played, play

LOGICAL = ("lamport", "hybrid")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("clock-skew", tmp_path_factory.mktemp("skew"))


def test_every_expectation_holds(shipped: Played) -> None:
    assert (shipped.code, shipped.failed()) == (ExitCode.HELD, []), shipped.told()


def test_a_message_arrives_50_ms_before_it_was_sent_when_the_receiver_is_behind_and_not_when_it_is_ahead(
    shipped: Played,
) -> None:
    behind = shipped.claimed("wall", "one_way(a -> b) during behind")
    ahead = shipped.claimed("wall", "one_way(a -> b) during ahead")
    # 100 ms of distance less or more 150 ms of skew; what the machine adds, it adds to both.
    assert -0.051 < behind < 0
    assert ahead > 0.249
    assert ahead - behind == pytest.approx(0.3, abs=0.05)


def test_both_nodes_lose_writes_by_wall_clocks_and_neither_by_logical_ones(shipped: Played) -> None:
    at_b = shipped.claimed("wall", "lost_writes(b) during behind")
    at_a = shipped.claimed("wall", "lost_writes(a) during ahead")
    assert shipped.measure("wall", "lost_writes") >= at_a + at_b > 8
    assert [shipped.measure(variant, "lost_writes") for variant in LOGICAL] == [0, 0]


def test_no_request_tells_of_it(shipped: Played) -> None:
    assert {of["measures"]["success"] for of in shipped.document["variants"].values()} == {1}


def test_the_clocks_were_off_by_what_was_asked(shipped: Played) -> None:
    figures = [figure for fault in shipped.document["faults"] for figure in fault["figures"]]
    offsets = [(figure["asked"], figure["achieved"]) for figure in figures if figure["what"] == "offset"]
    assert [asked for asked, _achieved in offsets] == [-0.15, 0.15] * 3
    assert all(achieved == pytest.approx(asked, abs=0.01) for asked, achieved in offsets)


def test_by_wall_clocks_again_each_variant_loses_newer_writes_again(tmp_path: Path) -> None:
    taken_out = [f"{variant}:{node}.stamps=wall" for variant in LOGICAL for node in ("a", "b")]
    shorter = [
        "faults.behind.at=500ms",
        "faults.behind.for=2s",
        "faults.ahead.at=2500ms",
        "faults.ahead.for=2s",
        "lasts=4500ms",
    ]
    played = play("clock-skew", tmp_path, variants=LOGICAL, changed=[*taken_out, *shorter], world="sim")
    assert played.failed() == ["lamport: lost_writes == 0", "hybrid: lost_writes == 0"], played.told()
