"""The workflow for users and the README's section on CI: every step's command does what is said of it, in the simulated world."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaoscli.cli.writing import write_new
from tests.support.command import CHECKOUT

# On a machine that may be busy; a step that needs this long has failed.
LONGEST_STEP_S = 300.0
WORKFLOW: dict[str, Any] = yaml.safe_load((CHECKOUT / ".github" / "example-workflow.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["chaos"]["steps"]
COMMANDS = [step["run"] for step in STEPS if step.get("run", "").startswith("chaos ")]


def simulated(command: str) -> str:
    """The command where no process is started: in moments, and whatever else the machine does."""
    return command if "--world" in command or not command.startswith("chaos run") else f"{command} --world sim"


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As a step runs it: by bash, in the folder of the repository, with the ``chaos`` of this checkout."""
    path = folder / "bin"
    path.mkdir(exist_ok=True)
    chaos = path / "chaos"
    chaos.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(CHECKOUT))} exec {shlex.quote(sys.executable)} -m chaoscli "$@"\n')
    chaos.chmod(0o755)
    return subprocess.run(
        ["bash", "-e", "-c", command], cwd=folder, env={"PATH": f"{path}:/usr/bin:/bin", **environment}, capture_output=True,
        text=True, timeout=LONGEST_STEP_S, check=False,
    )  # fmt: skip


def readme_commands() -> Iterator[str]:
    section = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("\n## In CI\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```", section, flags=re.M | re.S)
    for line in block.splitlines():
        yield line.partition("#")[0].strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "chaos").mkdir()
    write_new(tmp_path / "chaos" / "checkout.yaml")
    return tmp_path


def test_the_workflow_is_one_that_github_could_run() -> None:
    assert set(WORKFLOW) == {"name", True, "permissions", "env", "jobs"}  # YAML 1.1 reads `on` as true, and GitHub does not
    for step in STEPS:
        assert ("run" in step) != ("uses" in step)
        assert set(step) <= {"run", "uses", "with", "if"}
    assert len(COMMANDS) == 5


def test_the_steps_of_the_workflow_pass_one_after_the_other(repository: Path) -> None:
    summary = repository / "summary.md"
    for command in COMMANDS:
        ended = shell(simulated(command), repository, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert (repository / "chaos.xml").read_text().startswith("<?xml")
    assert summary.read_text().count("## chaos: 1 playbook: 1 held") == 4


def test_a_regression_fails_the_step_that_compares_and_is_annotated(repository: Path) -> None:
    keep, compare = (next(one for one in COMMANDS if flag in one) for flag in ("--save-baseline", "--baseline"))
    assert shell(simulated(keep), repository).returncode == 0
    playbook = repository / "chaos" / "checkout.yaml"
    playbook.write_text(playbook.read_text().replace("base: 100ms", "base: 400ms"))
    ended = shell(simulated(compare), repository, GITHUB_ACTIONS="true")
    assert ended.returncode == 1
    assert "::error file=chaos/checkout.yaml,title=checkout got worse::jitter: p99 was" in ended.stdout


def test_the_commands_of_the_readme_do_what_they_say(tmp_path: Path) -> None:
    for command in readme_commands():
        # The whole catalogue is played by tests of its own.
        ended = shell(simulated(command).replace(" --all ", " partition drops "), tmp_path)
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "checkout.yaml", "chaos.xml", "chaos.md", "base.json"}
