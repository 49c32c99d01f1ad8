"""Secrets reach the user's programs and nothing that is written."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from chaoscli.cli.env_file import environment_of
from chaoscli.environment import Environment, Secrets
from chaoscli.events import CallStarted, Happened, Noted, RequestEnded
from chaoscli.messages import Result
from chaoscli.recording import Header, RunRecorder


def test_every_form_of_a_secret_is_masked_and_short_ones_are_left() -> None:
    secrets = Secrets(["p@ss word", "p@ss word for more", "abc", ""])
    assert secrets.mask("p@ss word, p@ss word for more, abc") == "***, ***, abc"
    assert secrets.mask("postgres://me:p%40ss%20word@localhost/db") == "postgres://me:***@localhost/db"
    assert secrets.masked({"list": ["p@ss word", 5], "tuple": ("p@ss word",)}) == {"list": ["***", 5], "tuple": ("***",)}
    assert not Secrets(["abc"])
    assert Secrets().mask("anything") == "anything"


def test_the_file_wins_over_the_process_and_only_the_file_is_secret() -> None:
    environment = Environment({"A": "of the process", "B": "of the process"}, {"B": "of the file"})
    assert environment.variables() == {"A": "of the process", "B": "of the file"}
    assert environment.secret_values == ("of the file",)


def test_a_recording_has_no_secret_in_what_anybody_said_and_keeps_its_names() -> None:
    """The secret is also the name of a load: names stay, or nothing could be counted by them."""
    sink = io.StringIO()
    recorder = RunRecorder(Header(playbook="it", variants=("only",)), sink, secrets=Secrets(["shoppers"]))
    only = recorder.variant("only")
    only.record(Noted(at=1.0, source="shoppers", text="the word is shoppers"))
    only.record(CallStarted(at=1.0, caller="shoppers", callee="db", request="shoppers-1", attempt=1, target="psql -W shoppers"))
    only.record(Happened(at=1.0, node="db", what="stored", data={"key": "shoppers", "size": 3}))
    ended = RequestEnded(
        at=2.0, load="shoppers", request="shoppers-1", intended_at=1.0, result=Result.FAILED, latency_s=1.0, detail="no shoppers"
    )
    only.record(ended)
    recorder.flush()
    lines = [json.loads(line) for line in sink.getvalue().splitlines()[1:]]
    assert [line.get("text") or line.get("target") or line.get("data") or line["detail"] for line in lines] == [
        "the word is ***",
        "psql -W ***",
        {"key": "***", "size": 3},
        "no ***",
    ]
    assert [line.get("source") or line.get("caller") or line.get("load") for line in lines if "node" not in line] == [
        "shoppers"
    ] * 3
    assert recorder.recording.variants["only"].of(Noted)[0].text == "the word is ***"


def test_a_value_that_is_too_short_to_be_masked_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".env"
    file.write_text("PIN=123\nKEY=123456\n")
    environment = environment_of(file)
    assert environment.variables()["PIN"] == "123"
    assert environment.variables()["PATH"] == os.environ["PATH"]
    assert capsys.readouterr().err == f"chaos: the value of PIN in '{file}' is too short to be masked: at least 4 letters\n"
