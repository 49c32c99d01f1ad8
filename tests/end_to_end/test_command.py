"""The command as a user meets it: what it prints where, and what it exits with."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from chaoscli.events import FaultTouched, RequestStarted
from chaoscli.playbook.reference import TOPICS
from chaoscli.recording import RunRecording, read_recording
from tests.support.command import Command, chaos, wait_until

TINY = """\
playbook: tiny
services:
  inventory: { service_time: 5ms, stock: { BOOK-001: 1000 } }
  order: { calls: { inventory: { timeout: 200ms } } }
load:
  shoppers:
    request: POST order /api/orders
    json: { productId: BOOK-001, quantity: 1, customerId: CUST-1 }
    rate: 40/s
    arrivals: poisson
faults:
  - { name: losses, at: 300ms, for: 1s, drop: order -> inventory, what: request, probability: 40% }
lasts: 1500ms
expect:
  - success > 10%
  - no oversell
"""


def is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY)
    return file


def recording_of(file: Path) -> RunRecording:
    with file.open() as lines:
        return read_recording(lines)


def test_json_is_alone_on_stdout_and_says_everything(tiny: Path, tmp_path: Path) -> None:
    ended = chaos("run", str(tiny), "--json", "--seed", "5", folder=tmp_path)
    assert ended.code == 0, ended.err
    told: dict[str, Any] = json.loads(ended.out)
    assert (told["playbook"], told["seed"], told["world"], told["ok"]) == ("tiny", 5, "real", True)
    assert list(told["variants"]) == ["default"]
    assert [check["text"] for check in told["expectations"]] == ["success > 10%", "no oversell"]
    assert all(check["held"] and check["shown"] for check in told["expectations"])
    (fault,) = told["faults"]
    assert fault["fault"] == "losses"
    asked = {figure["what"]: (figure["asked"], figure["achieved"]) for figure in fault["figures"]}
    assert asked["begins"][0] == 0.3
    assert asked["begins"][1] == pytest.approx(0.3, abs=0.25)
    assert "losses" in ended.err  # progress goes to stderr


def test_a_violated_expectation_exits_with_1_and_says_how_to_repeat_it(tiny: Path, tmp_path: Path) -> None:
    tiny.write_text(TINY.replace("success > 10%", "timeouts > 1000"))
    ended = chaos("run", str(tiny), "--plain", "--set", "shoppers.rate=10/s", folder=tmp_path)
    assert ended.code == 1, ended.err
    assert "1 of 2 expectations did not hold  (exit 1)" in ended.out
    # However long the path is, and wherever the line was broken for it.
    assert f"chaosrun{tiny}--seed1--setshoppers.rate=10/s" in "".join(ended.out.split())


def test_the_same_seed_rolls_the_same_dice_on_the_same_schedule(tiny: Path, tmp_path: Path) -> None:
    runs = []
    for number, seed in enumerate(("3", "3", "4")):
        file = tmp_path / f"{number}.jsonl"
        assert chaos("run", str(tiny), "-q", "--seed", seed, "--record", str(file), folder=tmp_path).code == 0
        recording = recording_of(file).variants["default"]
        intended = {event.request: round(event.intended_at, 5) for event in recording.of(RequestStarted)}
        # A request near the fault's first or last moment may fall on either side of it; its dice are the same.
        inside = {request for request, at in intended.items() if 0.5 < at < 1.0}
        dropped = {event.request for event in recording.of(FaultTouched)} & inside
        runs.append((intended, dropped))
    assert runs[0] == runs[1]
    assert runs[0][1], "nothing was dropped: the comparison would prove nothing"
    assert runs[0] != runs[2]


def test_a_service_killed_from_outside_ends_the_run_keeps_the_record_and_names_it(tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.jsonl"
    command = Command(("run", str(tiny), "-q", "--set", "lasts=20s", "--record", str(file)), tmp_path).start()

    def inventory() -> list[int]:
        names = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in command.processes()}
        return [pid for pid, name in names.items() if name == "chaos:inventory"]

    assert wait_until(lambda: file.exists() and "request_ended" in file.read_text(), within_s=20)
    os.kill(inventory()[0], signal.SIGKILL)
    ended = command.end()
    assert ended.code == 3
    assert "'inventory' (default) ended in mid-run: killed by signal 9" in ended.err
    recording = recording_of(file).variants["default"]
    assert recording.of(RequestStarted)
    assert not recording.complete


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_for_the_recording_is_said_before_anything_starts(tiny: Path, tmp_path: Path) -> None:
    ended = chaos("run", str(tiny), "-q", "--record", "/dev/full", folder=tmp_path)
    assert (ended.code, ended.out) == (3, "")
    message, hint = ended.err.splitlines()
    assert message == "chaos: the recording could not be written to '/dev/full': No space left on device"
    assert hint == "  what was written until then is kept"


def test_a_recording_that_fails_in_mid_run_keeps_what_was_written_and_the_verdict(tiny: Path, tmp_path: Path) -> None:
    """A pipe whose reader leaves after the first kilobytes fails as a disk does that fills up."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = Command(("run", str(tiny), "--plain", "--record", str(pipe)), tmp_path).start()
    with pipe.open("rb", buffering=0) as reader:
        kept = b""
        while len(kept) < 8192:
            kept += reader.read(8192)
    ended = command.end()
    assert ended.code == 3
    assert f"the recording could not be written to '{pipe}': Broken pipe" in ended.err
    assert "success > 10%" in ended.out
    assert read_recording(kept.decode().splitlines()).variants["default"].events


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    ended = chaos("run", "partitoin", folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "there is no playbook 'partitoin'" in ended.err
    assert "did you mean 'partition'?" in ended.err


def test_a_playbook_with_five_mistakes_gets_five_answers_at_once(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        TINY.replace("service_time", "servise_time").replace("200ms", "200").replace("40/s", "forty")
        .replace("losses, at", "losses, until").replace("success > 10%", "sucess > 10%")
    )  # fmt: skip
    for verb in ("check", "run"):
        ended = chaos(verb, str(file), folder=tmp_path)
        assert (ended.code, ended.out) == (2, "")
        places = re.findall(r"wrong\.yaml:(\d+):\d+: ", ended.err)
        assert places == ["3", "4", "9", "12", "15"], ended.err
        assert "5 problems in" in ended.err


def test_check_says_what_is_right(tiny: Path, tmp_path: Path) -> None:
    ended = chaos("check", str(tiny), folder=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{tiny}: right (1 variant, 1 fault, 2 expectations)\n"


def test_the_playbooks_are_listed_and_explained(tmp_path: Path) -> None:
    listed = chaos("list", folder=tmp_path)
    assert listed.code == 0
    names = ("partition", "latency", "drops", "clock-skew", "timeouts", "retries", "sync-chain")
    assert [name for name in names if name not in listed.out] == []
    topics = chaos("explain", folder=tmp_path)
    assert (topics.code, topics.out.splitlines()[0]) == (0, "chaos explain playbook      what a file may hold")
    assert len(topics.out.splitlines()) == len(TOPICS) + 1
    explained = chaos("explain", "partition", folder=tmp_path)
    assert explained.code == 0
    assert "shoppers ──> order ──> inventory" in explained.out


def test_help_and_version(tmp_path: Path) -> None:
    helped = chaos("--help", folder=tmp_path)
    assert helped.code == 0
    assert [verb for verb in ("run", "list", "explain", "check", "up") if f" {verb} " not in helped.out] == []
    assert chaos("--version", folder=tmp_path).out.startswith("chaoscli 0.")


def test_two_ways_of_showing_are_one_too_many(tmp_path: Path) -> None:
    ended = chaos("run", "partition", "--live", "--plain", folder=tmp_path)
    assert (ended.code, ended.err) == (2, "chaos: --live and --plain do not go together\n")


@pytest.mark.skipif(not all(map(is_free, (8080, 8081))), reason="somebody else has one of the ports that up is known by")
def test_up_serves_the_contract_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = Command(("up",), tmp_path, {"PYTHONUNBUFFERED": "1"}).start()

    def answers() -> bool:
        try:
            with urllib.request.urlopen("http://127.0.0.1:8080/actuator/health", timeout=5) as reply:
                return bool(reply.read() == b'{"status":"UP"}')
        except OSError:
            return False

    assert wait_until(answers, within_s=20)
    body = b'{"productId":"BOOK-001","quantity":1,"customerId":"CUST-1"}'
    with urllib.request.urlopen("http://127.0.0.1:8080/api/orders", data=body, timeout=5) as reply:
        order = json.loads(reply.read())
    assert list(order) == ["orderId", "status", "message"]
    assert (order["status"], order["message"]) == ("CREATED", "Order created successfully")
    second = chaos("up", folder=tmp_path)
    assert second.code == 3
    assert "the port is taken" in second.err
    command.send(signal.SIGINT)
    ended = command.end()
    assert ended.code == 0
    assert "curl -X POST http://127.0.0.1:8080/api/orders -H 'Content-Type: application/json' -d" in ended.out
    assert "order -> inventory  200" in ended.out
    assert is_free(8080)
    assert is_free(8081)
