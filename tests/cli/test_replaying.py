"""A recording is replayed as it happened, faster or slower, with pauses and steps; and judged as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaoscli.cli.replaying import FRAME_S, Grown, Pace
from chaoscli.events import Event, RequestStarted
from chaoscli.recording import Header, RunRecorder
from tests.support.command import chaos


def started(at: float) -> RequestStarted:
    return RequestStarted(at=at, load="shoppers", request=f"shoppers-{at}", intended_at=at)


def grown(*events: Event) -> Grown:
    recorder = RunRecorder(Header(playbook="test", variants=("one",)))
    for event in events:
        recorder.variant("one").record(event)
    return Grown(recorder.recording)


def test_events_come_in_again_in_the_order_they_were_told() -> None:
    again = grown(started(0.0), started(1.0), started(2.0))
    seen = []
    for now in (0.5, 0.6, 1.0, 9.0):
        again.grow_until(now)
        seen.append([event.at for event in again.recording.variants["one"].events])
    assert seen == [[0.0], [0.0], [0.0, 1.0], [0.0, 1.0, 2.0]]
    assert again.ends_s == 2.0


def test_an_empty_recording_ends_at_once() -> None:
    assert grown().ends_s == 0.0


def test_time_passes_as_fast_as_asked_and_not_while_paused() -> None:
    pace = Pace(10.0, 4.0)
    pace.passed(0.5)
    assert pace.now == 12.0
    pace.key(" ")
    pace.passed(0.5)
    assert pace.now == 12.0
    pace.key(" ")
    pace.passed(0.25)
    assert pace.now == 13.0


def test_a_step_is_one_frame_and_leaves_it_paused() -> None:
    pace = Pace(0.0, 2.0)
    pace.key(".")
    pace.passed(5.0)
    assert (pace.now, pace.paused) == (FRAME_S * 2.0, True)


@pytest.mark.parametrize(("key", "left"), [("q", True), ("x", False), ("", False)])
def test_only_q_leaves(key: str, left: bool) -> None:
    pace = Pace(0.0, 1.0)
    pace.key(key)
    assert pace.left is left


# -- the commands --------------------------------------------------------------------------------------------------------


def test_a_simulated_run_is_replayed_to_the_same_verdict_and_digest(tmp_path: Path) -> None:
    ran = chaos("run", "drops", "--world", "sim", "--seed", "3", "--json", "--quiet", "--record", "run.jsonl", folder=tmp_path)
    document = json.loads(ran.out)
    assert (document["world"], document["repeat"]) == ("simulated", "chaos run drops --world sim --seed 3")
    again = chaos("replay", "run.jsonl", folder=tmp_path)
    assert again.code == ran.code == 0
    assert again.out.splitlines()[-1] == f"digest {document['digest']}"
    held = [check for check in document["expectations"] if check["held"]]
    assert f"every expectation held ({len(held)})" in again.out


def test_a_replay_in_lines_tells_the_story(tmp_path: Path) -> None:
    chaos("run", "partition", "--world", "sim", "--quiet", "--record", "run.jsonl", folder=tmp_path)
    again = chaos("replay", "run.jsonl", "--plain", folder=tmp_path)
    assert "cut: partition order | inventory, silence" in again.err
    assert "cut heals" in again.err


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "picture").write_bytes(b"\xff\xfe\x00")
    for name, why in (("notes.txt", "it has no header"), ("picture", "it is not text"), ("missing", "no such file")):
        ended = chaos("replay", str(tmp_path / name), folder=tmp_path)
        assert ended.code == 2
        assert why in ended.err
    assert chaos("replay", "notes.txt", "--plain", "--live", folder=tmp_path).code == 2


def test_a_violated_expectation_prints_the_command_that_repeats_it(tmp_path: Path) -> None:
    ended = chaos("run", "partition", "--world", "sim", "--seed", "5", "--set", "fallback:order.calls.inventory.fallback=none",
                  folder=tmp_path)  # fmt: skip
    assert ended.code == 1
    assert "chaos run partition --world sim --seed 5 --set fallback:order.calls.inventory.fallback=none" in " ".join(
        ended.out.split()
    )
