"""The verbs of somebody who writes a playbook: new, schema, explain and the dry run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chaoscli.cli.explaining import page_of
from chaoscli.cli.writing import write_new
from chaoscli.errors import UsageError
from chaoscli.playbook.checking import check_playbook
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.reference import TOPICS
from chaoscli.playbook.schema import playbook_schema
from chaoscli.playbook.templates import TEMPLATES
from tests.support.command import chaos
from tests.views.golden import drawn


def test_a_new_playbook_runs_and_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert write_new(Path("my checkout.yaml").with_name("checkout")) == (
        "checkout.yaml is written; play it with\n  chaos run checkout.yaml"
    )
    assert load_playbook("checkout.yaml").name == "checkout"
    ended = chaos("run", "checkout.yaml", "--world", "sim", "--quiet", "--repeat", "5", folder=tmp_path)
    assert ended.code == 0, ended.out


def test_a_new_topology_is_simulated_and_holds(tmp_path: Path) -> None:
    made = chaos("new", "large", "--topology", "layers=3,width=20,fanout=2", folder=tmp_path)
    assert made.out.splitlines() == ["large.yaml is written; play it with", "  chaos run large.yaml --world sim"]
    ended = chaos("run", "large.yaml", "--world", "sim", "--quiet", folder=tmp_path)
    assert ended.code == 0, ended.out


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        ("layers=4", "--topology lacks width"),
        ("depth=4", "--topology: 'depth=4' says nothing known"),
        ("layers=40,width=500", "--topology: 20000 services are too many; at most 5000"),
        ("layers=2,width=2,fanout=3", "--topology: fanout is 3, and the next layer has 2"),
        ("layers=1,width=9,fanout=2", "--topology: a single layer calls nobody"),
        ("layers=2,width=100,fanout=51", "--topology: fanout is 51; at most 50"),
        ("layers=2,width=9,width=8", "--topology: 'width' is said twice"),
        ("layers=0,width=9", "--topology: layers is '0'; it is a whole number from 1 on"),
        ("layers=many,width=9", "--topology: layers is 'many'; it is a whole number from 1 on"),
        ("layers=-1,width=9", "--topology: layers is '-1'; it is a whole number from 1 on"),
        ("layers,width=9", "--topology: 'layers' says nothing known"),
        (f"layers={'9' * 5000},width=9", f"--topology: layers is '{'9' * 12}'; it is"),
        ("layers=9,width=9,fanout=9", "--topology: a request would be 48427561 calls; at most 2000"),
    ],
)
def test_a_topology_that_cannot_be_is_refused(topology: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        write_new(tmp_path / "large", topology)
    assert not (tmp_path / "large.yaml").exists()


@pytest.mark.parametrize(
    ("topology", "fanout"), [("layers=2,width=2", 2), ("layers=2,width=9", 3), ("layers=2,width=2,fanout=1", 1)]
)
def test_without_a_fanout_it_is_what_the_next_layer_can_take(topology: str, fanout: int, tmp_path: Path) -> None:
    write_new(tmp_path / "large", topology)
    assert f"fanout: {fanout}\n" in (tmp_path / "large.yaml").read_text()
    load_playbook(str(tmp_path / "large.yaml"))


def test_a_new_playbook_explains_itself_in_comments(tmp_path: Path) -> None:
    write_new(tmp_path / "checkout")
    text = (tmp_path / "checkout.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=")
    for topic in TOPICS:
        assert f"`chaos explain {topic}`" in text


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_runs_and_holds(template: str, tmp_path: Path) -> None:
    write_new(tmp_path / "mine", template=template)
    ended = chaos("run", str(tmp_path / "mine.yaml"), "--world", "sim", "--quiet", folder=tmp_path)
    assert ended.code == 0, ended.out


@pytest.mark.parametrize("template", TEMPLATES)
def test_of_a_template_there_is_no_doubt(template: str, tmp_path: Path) -> None:
    write_new(tmp_path / "mine", template=template)
    checked = check_playbook(tmp_path / "mine.yaml")
    assert (checked.playbook.name, checked.warnings) == ("mine", ())


def test_a_template_that_is_none_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no template 'chain'") as caught:
        write_new(tmp_path / "mine", template="chain")
    assert [line.strip().partition(":")[0] for line in caught.value.hint.splitlines()] == ["shop", *TEMPLATES]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("precious")
    with pytest.raises(UsageError, match="is already there"):
        write_new(tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text() == "precious"


@pytest.mark.parametrize("name", ["1st", "with space", "x" * 41, "ü"])
def test_what_no_playbook_can_be_called_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a playbook cannot be called"):
        write_new(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: no such file or directory"):
        write_new(tmp_path / "nowhere" / "checkout")


def test_the_schema_is_that_of_the_language(tmp_path: Path) -> None:
    ended = chaos("schema", folder=tmp_path)
    assert (ended.code, json.loads(ended.out)) == (0, playbook_schema())


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_page_fits_its_terminal(topic: str, width: int) -> None:
    text = drawn(page_of(topic), width)
    assert max(len(line) for line in text.splitlines()) <= width


def test_a_topic_that_was_nearly_named_is_offered() -> None:
    with pytest.raises(UsageError) as raised:
        page_of("policy")
    assert raised.value.hint == "did you mean `chaos explain policies`?"


def test_a_dry_run_plays_nothing_and_tells_the_plan(tmp_path: Path) -> None:
    ended = chaos("run", "retries", "partition", "--dry", folder=tmp_path)
    assert ended.code == 0
    assert "naive    shoppers -> order -> inventory  20ms   1.8s           1x to 6x" in ended.out
    assert "cut begins: partition order | inventory, silence" in ended.out
    document = json.loads(chaos("run", "partition", "--dry", "--json", folder=tmp_path).out)
    assert [chain["waits_s"] for chain in document["chains"]] == [None, 0.5, 0.5]


def test_a_dry_run_of_a_wrong_playbook_says_what_is_wrong(tmp_path: Path) -> None:
    ended = chaos("run", "nowhere", "--dry", folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("chaos: there is no playbook 'nowhere'")
