"""What waits for a measure comes when it crosses its bound, and a rule ends the play at once; alike in both worlds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaoscli.errors import ExitCode
from chaoscli.events import Aborted, FaultHealed, FaultInjected, Noted
from chaoscli.recording import Recording
from tests.support.command import chaos
from tests.support.simulations import judged, simulated

PLAYBOOK = """\
playbook: waits
services:
  shop: { kind: hop, workers: 2, service_time: 50ms, queue: 500 }
load:
  visitors: { request: GET shop /home, rate: 30/s, arrivals: constant, timeout: 1s }
faults:
  - { name: pile, slow: shop, by: 3x, when: busy(shop) >= 2 over 500ms, at: 1s, for: 1s }
cues:
  - { name: rush, load: visitors, rate: 60/s, at: 2s, for: 1s }
lasts: 5s
"""
RULE = "abort=errors > 50% over 1s"


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    file = tmp_path / "waits.yaml"
    file.write_text(PLAYBOOK)
    return file


def played(playbook: Path, *changed: str) -> Recording:
    return simulated(playbook, changed=changed).variants["default"]


def life(recording: Recording, fault: str) -> list[float]:
    began = [one.at for one in recording.of(FaultInjected) if one.fault == fault]
    return [round(at, 2) for at in (*began, *(one.at for one in recording.of(FaultHealed) if one.fault == fault))]


def test_it_comes_at_the_first_look_at_which_its_bound_is_crossed_and_lasts_as_long_as_it_says(playbook: Path) -> None:
    # Two of two workers are first found busy by the rush of the second second; looks are a quarter of a second apart.
    assert life(played(playbook), "pile") == [2.25, 3.25]


def test_not_before_its_time(playbook: Path) -> None:
    assert life(played(playbook, "pile.when=busy(shop) >= 1"), "pile") == [1.0, 2.0]


def test_what_never_came_is_said(playbook: Path) -> None:
    recording = played(playbook, "pile.when=queue(shop) > 1000")
    assert life(recording, "pile") == []
    assert [one.text for one in recording.of(Noted)] == ["'pile' never came: at no time was queue(shop) > 1000"]


def test_a_rule_ends_the_play_at_once_and_all_is_undone(playbook: Path) -> None:
    recording = played(playbook, RULE, "pile.for=4s", "pile.by=20x")
    (ended,) = recording.of(Aborted)
    assert ended.rule == "errors > 50% over 1s"
    assert ended.at < 5.0
    assert life(recording, "pile")[1:] == [round(ended.at, 2)]
    assert recording.fell_at is not None
    assert recording.fell_at < 5.0 + 2.0
    assert recording.complete


def test_it_has_not_held_then_whatever_else_holds(playbook: Path) -> None:
    outcome = judged(playbook, changed=[RULE, "pile.for=4s", "pile.by=20x"])
    assert outcome.exit_code is ExitCode.VIOLATED
    (check,) = outcome.broken
    assert (check.kind, check.text) == ("abort", "abort: errors > 50% over 1s")
    assert judged(playbook, changed=[RULE, "faults=[]"]).exit_code is ExitCode.HELD


def test_on_real_processes_as_well(playbook: Path, tmp_path: Path) -> None:
    ended = chaos(
        "run",
        str(playbook),
        "--json",
        "--quiet",
        "--set",
        RULE,
        "--set",
        "pile.for=4s",
        "--set",
        "pile.by=20x",
        folder=tmp_path,
    )
    document = json.loads(ended.out)
    if ended.code != ExitCode.NOT_MADE:  # a machine too busy to offer the load
        assert ended.code == ExitCode.VIOLATED
    assert [one["kind"] for one in document["expectations"]] == ["abort"]
