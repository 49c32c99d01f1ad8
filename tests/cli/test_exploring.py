"""``chaos explore`` and ``chaos replay`` of what it found, as commands in this process."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chaoscli.cli import app, exploring, reproductions
from chaoscli.cli.exploring import LOG_EVERY_S, Search, _Progress, _wanted, progress_line, share_of_seeds
from chaoscli.cli.guard import explain
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.explore import sweep
from chaoscli.explore.pool import InProcess, Task
from chaoscli.explore.sweep import Progress, Wanted
from chaoscli.explore.trial import NotTheSameError

PLAYBOOK = """
playbook: oversell
title: A shelf of three
services:
  inventory: { service_time: 2ms, reserving: naive, thinking: 5ms, stock: { BOOK-001: 3 } }
load:
  clients: { request: POST inventory /api/inventory/reserve/BOOK-001, rate: 5/s, arrivals: constant }
variants:
  naive: { summary: looks and then takes }
  atomic: { summary: one statement, inventory.reserving: atomic }
lasts: 2s
expect:
  - all: no oversell
"""


def chaos(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "till.yaml"
    file.write_text(PLAYBOOK)
    return file


def test_what_is_found_is_shown_written_and_replayed(till: Path) -> None:
    found = chaos("explore", str(till), "--seeds", "2", "--jobs", "1")
    assert found.exit_code == 1
    assert "naive: no oversell by" in found.stdout
    assert "atomic: no oversell" not in found.stdout
    assert "chaos replay repro/oversell-naive-no-oversell-0.json" in found.stdout
    again = chaos("replay", "repro/oversell-naive-no-oversell-0.json")
    assert again.exit_code == 1
    assert "'no oversell' is broken again: reserved " in again.stdout
    assert "as it was found" in again.stdout


def test_another_search_leaves_the_files_of_the_first_alone(till: Path) -> None:
    for first in ("0", "16"):
        chaos("explore", str(till), "--seeds", "1", "--first", first, "--jobs", "1", "--variant", "naive")
    assert sorted(file.name for file in Path("repro").iterdir()) == [
        "oversell-naive-no-oversell-0.json",
        "oversell-naive-no-oversell-16.json",
    ]


def test_nothing_found_is_exit_code_0(till: Path) -> None:
    found = chaos("explore", str(till), "--seeds", "2", "--jobs", "1", "--variant", "atomic")
    assert found.exit_code == 0
    assert "oversell: no promise was broken in 2 seeds" in found.stdout
    assert not Path("repro").exists()


def test_the_page_says_what_was_looked_for_and_what_was_not(till: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "MOST_EXAMINED", 0)  # whatever it finds, nobody waits for it to be made small
    till.write_text(PLAYBOOK.replace("all: no oversell", "success > 0%").replace("5/s", "40/s").replace("5ms", "50ms"))
    found = chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")
    looked_for = found.stdout.partition("looked for\n")[2].partition("\n\n")[0]
    assert "no double charge" in looked_for
    assert "no oversell" not in looked_for
    assert "already broken without any fault, and left aside\n  no oversell" in found.stdout


def test_a_part_without_a_seed_says_so_and_does_not_claim_that_anything_holds(
    till: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "Processes", None)  # nobody is started for it
    found = chaos("explore", str(till), "--seeds", "1", "--jobs", "2", "--shard", "3/3")
    assert (found.exit_code, found.stdout) == (0, "oversell: this part has nothing to do: there are fewer seeds than parts\n")


def test_json_is_alone_on_stdout_and_has_everything(till: Path) -> None:
    found = chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive", "--json", "--out", "elsewhere")
    document = json.loads(found.stdout)
    assert document["failing"] == 1
    assert document["invariants"] == {"naive": ["no oversell"]}
    assert document["left_aside"] == {}
    (failure,) = document["failures"]
    assert failure["violation"]["invariant"] == "no oversell"
    assert failure["plan"]["faults"]
    assert document["files"] == ["elsewhere/oversell-naive-no-oversell-0.json"]
    assert Path("elsewhere/oversell-naive-no-oversell-0.json").exists()


def test_a_reproduction_is_there_as_soon_as_its_promise_is_done_with(till: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Watching(InProcess):
        def answers(self, tasks: Iterable[Task[Any]]) -> Iterator[Any]:
            for answer in super().answers(tasks):
                yield answer
                seen.append(len(list(Path("repro").iterdir())))

    monkeypatch.setattr(exploring, "InProcess", Watching)
    chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")
    assert seen == [0, 1]  # after the search, and after the one promise


def test_after_an_error_the_page_is_shown_and_the_exit_code_is_that_of_the_error(
    till: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise NotTheSameError("event 7 was\n  another")

    monkeypatch.setattr(sweep, "explained", fails)
    found = chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")
    assert found.exit_code == 4
    assert "not made smaller" in found.stdout
    assert "naive: no oversell: 1 seed (0); NotTheSameError: event 7 was" in found.stdout
    assert "1 of 1 run broke a promise" in found.stdout
    assert "NotTheSameError: event 7 was" in found.stderr


def test_errors_of_several_kinds_are_all_told() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        exploring._raise([NotMadeError("one"), NotMadeError("two")])
    assert explain(caught.value) == 3


@pytest.mark.parametrize("folder", ["till.yaml", "till.yaml/below"])
def test_a_folder_that_cannot_be_written_is_said_before_the_search(
    till: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "explore", None)
    found = chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--out", folder)
    assert found.exit_code == 3
    assert f"nothing can be written to '{folder}': " in found.stderr
    assert "--out names another folder" in found.stderr


def test_a_folder_that_can_be_made_and_not_written_is_said_too_and_not_left_behind(
    till: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(**_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(reproductions, "TemporaryFile", refuses)
    monkeypatch.setattr(exploring, "explore", None)
    found = chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--out", "deep/down")
    assert found.exit_code == 3
    assert "nothing can be written to 'deep/down': disk quota exceeded" in found.stderr
    assert not Path("deep").exists()


def test_a_file_that_cannot_be_written_is_not_named_and_the_exit_code_tells(till: Path) -> None:
    Path("repro/oversell-naive-no-oversell-0.json").mkdir(parents=True)
    found = chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")
    assert found.exit_code == 3
    assert "naive: no oversell by" in found.stdout
    assert "chaos replay" not in found.stdout
    assert "'repro/oversell-naive-no-oversell-0.json' cannot be written: is a directory" in found.stderr


def test_a_folder_that_was_there_before_stays_though_nothing_was_found(till: Path) -> None:
    Path("mine").mkdir()
    chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "atomic", "--out", "mine/deep/down")
    assert list(Path("mine").iterdir()) == []


def test_what_has_been_mended_is_kept_when_it_is_replayed(till: Path) -> None:
    chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")
    file = Path("repro/oversell-naive-no-oversell-0.json")
    file.write_text(file.read_text().replace('"reserving": "naive"', '"reserving": "atomic"'))
    again = chaos("replay", str(file))
    assert again.exit_code == 0
    assert "'no oversell' is kept now" in again.stdout
    assert "the services or their policies have changed since" in again.stdout


@pytest.mark.parametrize("world", ["sim", "real"])
def test_a_reproduction_of_a_service_that_nobody_knows_is_refused_in_both_worlds(till: Path, world: str) -> None:
    chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")
    file = Path("repro/oversell-naive-no-oversell-0.json")
    file.write_text(file.read_text().replace('"kind": "inventory"', '"kind": "warehouse"'))
    again = chaos("replay", str(file), "--world", world)
    assert again.exit_code == 3
    assert "'inventory' cannot be simulated: no service of ours is a 'warehouse'" in again.stderr
    assert "replay knows the services of this version; it was found with chaoscli " in again.stderr


def _replay_edited(edit: Callable[[dict[str, Any]], None]) -> Result:
    """What replay says of the reproduction in ``till`` after somebody's hand was at it."""
    file = Path("repro/oversell-naive-no-oversell-0.json")
    document = json.loads(file.read_text())
    edit(document)
    file.write_text(json.dumps(document))
    return chaos("replay", str(file))


def test_a_run_that_is_the_same_to_the_byte_has_mended_nothing(till: Path) -> None:
    chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")
    again = _replay_edited(lambda found: found.update(invariant="nobody dies"))
    assert again.exit_code == 2
    assert "is kept now" not in again.stdout
    assert "the run is to the byte the one that was found, and does not break 'nobody dies'" in again.stderr


def test_a_promise_about_what_never_came_up_is_not_called_kept(till: Path) -> None:
    chaos("explore", str(till), "--seeds", "1", "--jobs", "1", "--variant", "naive")

    def of_reads(found: dict[str, Any]) -> None:
        found["invariant"] = "linearizable"
        found["subject"]["invariants"].append("linearizable")
        found["plan"]["seed"] += 1

    again = _replay_edited(of_reads)
    assert again.exit_code == 3
    assert "is kept now" not in again.stdout
    assert "'linearizable' cannot be judged in this run: no client's reads and writes were told" in again.stderr


def test_a_file_with_nothing_in_it_is_called_empty(till: Path) -> None:
    Path("repro.json").write_text("\n")
    again = chaos("replay", "repro.json")
    assert again.exit_code == 2
    assert "'repro.json' is empty: neither a recording nor a reproduction" in again.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--shard", "3/2"), "--shard is '3/2'"),
        (("--invariant", "no oversel"), "unknown invariant 'no oversel'\n  did you mean 'no oversell'?"),
        (("--for", "soon"), "--for: "),
        (("--for", "0s"), "--for is '0s'\n  write how long to search, like 60s"),
        (("--for", "-1s"), "--for is '-1s'\n  write how long to search, like 60s"),
    ],
)
def test_mistakes_are_said(till: Path, words: tuple[str, ...], message: str) -> None:
    found = chaos("explore", str(till), "--jobs", "1", *words)
    assert found.exit_code == 2
    assert message in found.stderr


def test_a_recording_is_not_played_on_processes(till: Path) -> None:
    Path("run.jsonl").write_text('{"recording": 1, "playbook": "till"}\n')
    found = chaos("replay", "run.jsonl", "--world", "real")
    assert found.exit_code == 2
    assert "'run.jsonl' is a recording, which is shown and not played" in found.stderr


def test_without_dask_its_option_says_what_to_install(till: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    found = chaos("explore", str(till), "--dask", "tcp://127.0.0.1:1")
    assert found.exit_code == 2
    assert "pip install 'chaoscli[dask]'" in found.stderr


def test_a_part_of_the_seeds_is_every_so_manyth() -> None:
    assert share_of_seeds("2/3") == (2, 3)
    assert share_of_seeds(None) == (1, 1)
    with pytest.raises(UsageError):
        share_of_seeds("0/3")
    assert _wanted(Search(name="x", seeds=10, shard=(2, 3))) == Wanted(first=1, step=3, count=3)
    assert _wanted(Search(name="x", for_time="60s", shard=(1, 2))) == Wanted(first=0, step=2, count=None, for_s=60.0)
    assert _wanted(Search(name="x")) == Wanted(count=200)


def test_the_line_of_progress_says_how_fast_and_what_was_found() -> None:
    progress = Progress(seeds=240, seconds=8.0, messages=9)
    assert progress_line(progress) == "searching: 240 seeds, 30.0 a second, no promise broken; reached 0 kinds of events"
    progress.failing = 4
    progress.kinds.update({"naive: no oversell": 4})
    assert progress_line(progress) == (
        "searching: 240 seeds, 30.0 a second, 4 runs broke a promise: naive: no oversell 4x"
    )  # fmt: skip


def test_the_line_of_progress_counts_to_one() -> None:
    progress = Progress(seeds=1, seconds=1.0, failing=1, failures=1)
    progress.kinds.update({"naive: no oversell": 1})
    assert progress_line(progress) == (
        "searching: 1 seed, 1.0 a second, 1 run broke a promise, 1 way so far: naive: no oversell 1x"
    )  # fmt: skip


def test_in_a_log_the_line_of_progress_is_one_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(stage="making 2 broken promises small", seeds=240, seconds=8.0, failing=4, failures=3)
    progress.kinds.update({"naive: no oversell": 4, "atomic: recovers": 2})
    times = iter((0.0, LOG_EVERY_S))
    _Progress(lambda: next(times)).show(progress)
    assert len(progress_line(progress)) > 80
    assert capsys.readouterr().err == progress_line(progress) + "\n"


def test_help_says_what_for_does_not_bound() -> None:
    assert "making small what fails comes on top" in " ".join(chaos("explore", "--help").stdout.replace("│", " ").split())
