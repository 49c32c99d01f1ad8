"""What can be made of a recording in a file: reports, a comparison, a trace."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chaoscli.cli.comparing import compare_recordings
from chaoscli.cli.recordings import read_file
from chaoscli.cli.reported import Wanted, report_recordings
from chaoscli.cli.traced import write_trace
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.recording import write_recording
from tests.reports.junit_shape import misshapen
from tests.reports.small_run import small_run
from tests.support.recordings import recording, run_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Of a run that did not hold."""
    path = tmp_path / "run.jsonl"
    path.write_text("".join(line + "\n" for line in write_recording(small_run())))
    return path


def test_every_report_at_once(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    html, markdown, junit, svg = (tmp_path / name for name in ("r.html", "r.md", "r.xml", "r.svg"))
    assert report_recordings(Wanted(files=(file,), html=html, markdown=markdown, junit=junit, svg=svg, json=True)) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["playbook"], document["ok"], document["exit_code"]) == ("play", False, 1)
    assert document["repeat"] == f"chaos replay {file}"
    assert html.read_text().startswith("<!DOCTYPE html>")
    assert markdown.read_text().startswith("## chaos: 1 playbook: 1 violated\n")
    assert misshapen(ElementTree.parse(junit).getroot()) == []
    assert svg.read_text().startswith("<svg ")


def test_the_end_is_printed_again_where_nothing_else_is_asked_for(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_recordings(Wanted(files=(file,))) == 1
    out = capsys.readouterr().out
    assert "did not hold  (exit 1)" in out
    assert "── naive " in out


def test_several_recordings_are_one_report(file: Path, tmp_path: Path) -> None:
    junit = tmp_path / "r.xml"
    assert report_recordings(Wanted(files=(file, file), junit=junit)) == 1
    names = [suite.get("name") for suite in ElementTree.parse(junit).getroot()]
    assert names == [f"play ({file}) #1", f"play ({file}) #2"]
    with pytest.raises(UsageError, match="--html takes the file of one run, and 2 recordings were named"):
        Wanted(files=(file, file), html=junit)


def test_two_recordings_are_compared(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_recordings(file, file, all_rows=False, json_wanted=False) == 0
    assert capsys.readouterr().out == "the same to the last event\n"
    other = tmp_path / "other.jsonl"
    quick = recording("naive").curtain(1.0).request(at=0.1, took=0.1, name="s-1").fell(at=1.0)
    other.write_text("".join(line + "\n" for line in write_recording(run_of(quick))))
    assert compare_recordings(file, other, all_rows=False, json_wanted=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["same"] is False
    (p50,) = [one for one in document["differences"] if one["what"] == "p50"]
    assert p50 == {"variant": "naive", "what": "p50", "before": "200ms", "after": "100ms", "change": "-50.0%"}


@pytest.mark.parametrize("form", ["perfetto", "otlp"])
def test_a_trace_goes_to_a_file_or_to_stdout(form: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert write_trace(file, tmp_path / "trace", form) == 0
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'trace'} is written: open it")
    assert write_trace(file, Path("-"), form) == 0
    assert capsys.readouterr().out == (tmp_path / "trace").read_text()
    with pytest.raises(NotMadeError, match="cannot be written: no such file or directory"):
        write_trace(file, tmp_path / "no" / "trace", form)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read: no such file or directory"),
        (b"\xff\xfe", "is not a recording: it is not text"),
        (b"{}\n", "this is not a recording: its first line is no header"),
        (b"", "this is not a recording: it has no header"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path: Path, text: bytes | None, says: str) -> None:
    path = tmp_path / "none.jsonl"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(UsageError, match=r"none\.jsonl'") as raised:
        read_file(path)
    assert says in raised.value.message
