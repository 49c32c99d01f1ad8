"""The examples with programs of one's own: copied by ``chaos new``, right, and played where their programs are."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from chaoscli.cli.owning import EXAMPLES, examples, write_own
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.playbook.load import load_playbook
from chaoscli.worlds.simulated import refuse_what_is_no_service_of_ours
from tests.playbook.test_schema import SCHEMA, fits, written
from tests.support.command import Command, wait_until

# What each needs, and the variant to play where making its world takes long.
NEEDS = {
    "python": ("python3",),
    "node": ("node",),
    "redis": ("redis-server", "redis-cli"),
    "postgres": ("initdb", "postgres", "psql", "pg_isready", "setpriv"),
}
ONLY = {"postgres": ("--variant", "patient")}


def test_there_is_one_for_each_kind_of_program() -> None:
    assert set(examples()) == set(NEEDS)


@pytest.mark.parametrize("kind", NEEDS)
def test_a_copy_is_right_and_has_all_its_files(kind: str, tmp_path: Path) -> None:
    said = write_own(tmp_path / "mine", kind)
    assert said.endswith(f"play it with\n  chaos run {tmp_path / 'mine.yaml'}")
    playbook = load_playbook(tmp_path / "mine.yaml")
    assert (playbook.name, len(playbook.variants)) == ("mine", 2)
    copied = {path.name for path in tmp_path.iterdir()} - {"mine.yaml"}
    assert copied == {path.name for path in (EXAMPLES / kind).iterdir() if path.is_file()} - {"playbook.yaml"}


@pytest.mark.parametrize("kind", NEEDS)
def test_an_editor_that_knows_the_schema_finds_nothing_to_complain_of(kind: str) -> None:
    text = (EXAMPLES / kind / "playbook.yaml").read_text()
    assert fits(written(text), SCHEMA)
    assert not fits(written(text.replace("health:", "helath:")), SCHEMA)


def test_nothing_is_overwritten_and_a_misspelt_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "server.js").write_text("precious")
    with pytest.raises(UsageError, match="js' is already there"):
        write_own(tmp_path / "mine", "node")
    assert [path.name for path in tmp_path.iterdir()] == ["server.js"]
    with pytest.raises(UsageError, match="there is no example 'nodejs'") as caught:
        write_own(tmp_path / "mine", "nodejs")
    assert caught.value.hint == "did you mean 'node'?"


@pytest.mark.parametrize("kind", NEEDS)
def test_it_holds_on_real_processes_and_leaves_nothing(kind: str) -> None:
    missing = [program for program in NEEDS[kind] if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    # Not pytest's folder, which nobody else may enter: PostgreSQL refuses to be root, and another user has to reach it.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        command = Command(("run", kind_of_mine(kind, folder), "--quiet", "--retries", "2", *ONLY.get(kind, ())), folder)
        ended = command.start().end()
        assert ended.code == 0, ended.out + ended.err
        assert wait_until(lambda: not command.processes(), within_s=2), command.processes()


def kind_of_mine(kind: str, folder: Path) -> str:
    """The file of a copy."""
    (folder / "mine").mkdir()
    write_own(folder / "mine" / kind, kind)
    return str(folder / "mine" / f"{kind}.yaml")


@pytest.mark.parametrize("kind", NEEDS)
def test_none_of_them_can_be_simulated_and_that_is_said(kind: str) -> None:
    topology = load_playbook(EXAMPLES / kind / "playbook.yaml").variants[0].topology
    with pytest.raises(NotMadeError, match="cannot be simulated") as caught:
        refuse_what_is_no_service_of_ours(topology)
    assert caught.value.hint == "play it on real processes: --world real"
