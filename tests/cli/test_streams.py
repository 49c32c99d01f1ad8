"""Where the command writes may be closed, full, or left early: the verdict stands, and nothing of that is a bug of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import CHECKOUT, LONGEST_RUN_S

PLAY = """\
playbook: play
services:
  inventory: {}
load:
  shoppers: { request: GET inventory /api/inventory/check/BOOK-001, rate: 20/s }
faults:
  - { name: late, at: 100ms, for: 200ms, latency: shoppers -> inventory, delay: 50ms }
lasts: 500ms
expect: [requests > 1000]
"""
HERE_IS = {**os.environ, "PYTHONPATH": str(CHECKOUT)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "play.yaml").write_text(PLAY)
    return tmp_path


def bash(line: str, folder: Path) -> tuple[int, str]:
    """The exit code of a shell's line, in which CHAOS is the command, and what came on stderr."""
    line = line.replace("CHAOS", f"{sys.executable} -m chaoscli")
    ended = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=HERE_IS, capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False
    )
    return ended.returncode, ended.stderr


def code_without_reader(arguments: str, folder: Path, *, of: str) -> tuple[int, bytes | None]:
    """The exit code of ``chaos ARGUMENTS`` whose stdout or stderr nobody reads any more, and what came on the other one."""
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, of: writing}
    command = [sys.executable, "-m", "chaoscli", *arguments.split()]
    process = subprocess.Popen(command, cwd=folder, env=HERE_IS, **streams)  # type: ignore[call-overload]
    os.close(writing)
    out, err = process.communicate(timeout=LONGEST_RUN_S)
    return process.returncode, err if of == "stdout" else out


@pytest.mark.parametrize("arguments", ["list", "explain partition"])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: str, folder: Path) -> None:
    assert code_without_reader(arguments, folder, of="stdout") == (0, b"")


@pytest.mark.parametrize("how", ["--plain", "--quiet", "--json"])
def test_the_verdict_of_a_run_stands_though_its_reader_left(how: str, folder: Path) -> None:
    code, said = code_without_reader(f"run play.yaml {how}", folder, of="stdout")
    assert code == 1
    assert said is not None
    assert b"Traceback" not in said


def test_the_result_is_written_though_nobody_reads_the_progress(folder: Path) -> None:
    code, said = code_without_reader("run play.yaml --plain", folder, of="stderr")
    assert code == 1
    assert said is not None
    assert b"1 of 1 expectations did not hold" in said


def test_a_stream_that_came_closed_leads_nowhere(folder: Path) -> None:
    assert bash("CHAOS list >&-", folder) == (0, "")
    assert bash("CHAOS run play.yaml --plain <&- >&- 2>&-", folder) == (1, "")


def test_a_terminal_without_columns_is_written_to_all_the_same(folder: Path) -> None:
    assert bash("COLUMNS=0 CHAOS list | grep -q partition", folder) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_stdout_is_said(folder: Path) -> None:
    assert bash("CHAOS list > /dev/full", folder) == (3, "chaos: the machine refused: no space left on device\n")


def test_too_few_open_files_are_the_machines_refusal_and_no_bug(folder: Path) -> None:
    said = "chaos: the machine refused: too many open files\n"
    assert bash("ulimit -n 8; CHAOS run play.yaml --quiet", folder) == (3, said)


def test_a_picture_that_cannot_be_written_does_not_take_the_verdict_with_it(folder: Path) -> None:
    code, _said = bash("CHAOS run play.yaml --json --svg missing/x.svg > out.json", folder)
    told = json.loads((folder / "out.json").read_text())
    assert code == 3
    assert (told["ok"], told["error"]) == (
        False,
        "the picture could not be written to 'missing/x.svg': No such file or directory",
    )
    assert [check["held"] for check in told["expectations"]] == [False]
