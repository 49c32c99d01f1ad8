"""The README keeps its word: its commands parse, its playbook is right, its tables name what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from chaoscli.cli import app
from chaoscli.errors import ExitCode
from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.playbook.read import read_playbook
from tests.support.command import CHECKOUT

TEXT = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.M | re.S)


def commands() -> list[list[str]]:
    """Every ``chaos ...`` of the shell blocks, as words, without its comment or what it is piped into."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    calls = [call for line in lines for call in re.findall(r"(?:^|&& |/)(chaos [^#|&]*)", line)]
    return [shlex.split(call)[1:] for call in calls]


def test_there_are_commands_to_test() -> None:
    assert ["run", "partition"] in commands()
    assert len(commands()) > 5


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_is_one(words: list[str]) -> None:
    group = typer.main.get_command(app)
    verb = group.commands[words[0]]  # type: ignore[attr-defined]
    context = verb.make_context(words[0], list(words[1:]))
    named = [name for name in context.params.get("names") or () if not Path(name).suffix]
    assert [name for name in named if name not in {one.name for one in shipped()}] == []
    if words[0] == "run":  # what it changes is there to be changed
        for name in named:
            load_playbook(name, overrides=context.params["set_"] or ())


def test_the_set_up_is_two_commands_that_need_nothing_but_python() -> None:
    set_up = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert len(set_up) == 2
    assert [line.rsplit("/", 1)[1] for line in set_up] == ["chaos run partition", "pytest"]


def test_its_playbook_is_right() -> None:
    text, own = blocks("yaml")
    mine = read_playbook(own.encode(), "README.md").variants[0].topology
    assert [node.kind for node in mine.nodes] == ["address", "command", "inventory", "load", "load"]
    playbook = read_playbook(text.encode(), "README.md")
    assert [variant.name for variant in playbook.variants] == ["naive", "jitter"]
    assert len(playbook.expectations) == 2


def test_its_exit_codes_are_the_command_s() -> None:
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, flags=re.M)}
    assert table == {int(code) for code in ExitCode}


def test_the_folders_and_files_it_names_are_there() -> None:
    folders = [name for row in re.findall(r"^\| (`[a-z]+/`.*?) \|", TEXT, flags=re.M) for name in re.findall(r"`([a-z]+)/`", row)]
    assert len(folders) > 8
    assert [name for name in folders if not (CHECKOUT / "chaoscli" / name).is_dir()] == []
    files = re.findall(r"\]\(([^)h][^)]*)\)", TEXT)
    assert [name for name in files if not (CHECKOUT / name).exists()] == []
