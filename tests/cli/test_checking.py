"""`chaos check` tells everything of every playbook, and its exit code is that of the worst."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chaoscli.cli.checking import check_all
from chaoscli.playbook.checking import check_playbook
from chaoscli.playbook.load import shipped
from tests.playbook.test_doubts import CALM

DOUBTFUL = CALM.replace("timeout: 100ms", "timeout: 800ms")


def said(
    folder: Path, capsys: pytest.CaptureFixture[str], strict: bool = False, **texts: str
) -> tuple[int, list[str], list[str]]:
    names = []
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        names.append(f"{name}.yaml")
    code = check_all(names, overrides=(), strict=strict)
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_right_is_said_to_be_with_what_it_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = CALM + "cues: [{ restart: order, at: 3s }]\n"
    right = ["calm.yaml: right (2 variants, 1 fault, 1 cue, 2 expectations)"]
    assert said(tmp_path, capsys, calm=text) == (0, right, [])


def test_a_warning_is_told_at_its_place_and_changes_the_exit_code_only_when_asked_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, mark = "odd.yaml:7:36: warning: 'order' may wait up to 2.4s", "^~~~~  a callee's patience, tries and pauses included"
    code, out, err = said(tmp_path, capsys, odd=DOUBTFUL)
    assert (code, out) == (0, ["odd.yaml: right (2 variants, 1 fault, 2 expectations, 1 warning)"])
    assert (len(err), err[0].startswith(place), mark in err[2]) == (3, True, True)
    assert said(tmp_path, capsys, odd=DOUBTFUL, strict=True) == (1, out, err)


def test_the_worst_of_several_decides_and_all_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(tmp_path, capsys, strict=True, odd=DOUBTFUL, wrong=CALM.replace("workers", "wrokers"), calm=CALM)
    assert (code, [line.partition(":")[0] for line in out]) == (2, ["odd.yaml", "calm.yaml"])
    assert sum("unknown key 'wrokers'" in line for line in err) == 3


def test_what_is_shipped_has_no_doubts_but_those_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_all([one.name for one in shipped()], overrides=(), strict=True) == 0, capsys.readouterr().err


def test_the_whole_catalogue_is_checked_within_a_second() -> None:
    # Half a second of processor time beside that of the imports on a calm machine; a busy one takes its time.
    began = time.process_time()
    for one in shipped():
        check_playbook(one.name)
    assert time.process_time() - began < 4 * 0.5
