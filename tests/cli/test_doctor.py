"""``chaos doctor`` says what this machine has, and what it lacks with the way out."""

from __future__ import annotations

import json
import socket
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from chaoscli.cli import doctoring
from chaoscli.cli.doctoring import Finding, look, page, report
from chaoscli.views.glyphs import UNICODE
from tests.support.command import chaos


def finding(what: str, findings: tuple[Finding, ...]) -> Finding:
    return next(one for one in findings if one.what == what)


def test_it_looks_at_everything_and_nothing_that_a_run_needs_is_wrong_here() -> None:
    findings = look()
    assert [one.what for one in findings if one.state == "wrong"] == []
    assert {"chaoscli", "loopback", "temporary files", "simulation", "port 8080", "port 8474", "timerfd", "splice", "libfaketime",
            "open files", "programs"} <= {one.what for one in findings}  # fmt: skip


def test_a_port_that_is_taken_is_told_with_the_way_to_find_out_by_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(doctoring, "FIXED_PORTS", {"order": port})
        taken = finding(f"port {port}", tuple(doctoring._ports()))
    assert (taken.state, taken.found) == ("missing", "taken, and order of `chaos up` would listen there")
    assert str(port) in taken.hint


def test_a_machine_that_cannot_run_anything_is_told_by_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/nowhere")
    monkeypatch.setattr(tempfile, "TemporaryDirectory", _cannot)
    broken = doctoring._temporary()
    assert broken == Finding(
        what="temporary files", state="wrong", found="'/nowhere' cannot be written: no space left on device",
        hint="set TMPDIR to a folder that can",
    )  # fmt: skip
    assert report((broken,), as_json=True) == 3
    assert json.loads(capsys.readouterr().out)["findings"][0]["state"] == "wrong"


def _cannot(prefix: str) -> None:
    raise OSError(28, "No space left on device")


def test_each_finding_is_a_line_with_its_way_out_below() -> None:
    console = Console(width=60, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        findings = (
            Finding(what="timerfd", state="there", found="delays are kept"),
            Finding(what="libfaketime", state="missing", found="not there", hint="`apt install libfaketime`"),
        )
        console.print(page(findings, UNICODE))
    assert [line.rstrip() for line in console.export_text().splitlines()] == [
        "✓  timerfd      delays are kept",
        "·  libfaketime  not there",
        "                `apt install libfaketime`",
    ]


def test_as_a_user_calls_it(tmp_path: Path) -> None:
    ended = chaos("doctor", "--json", folder=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["findings"][0]["what"] == "chaoscli"
