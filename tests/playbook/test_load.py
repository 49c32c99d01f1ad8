"""Playbooks come from files and from the shelf; a name that is neither gets the nearest one that is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import chaoscli
from chaoscli.errors import PlaybookError, UsageError
from chaoscli.playbook.load import load_playbook, path_of, shipped
from tests.playbook.texts import SMALL

TWO = SMALL + "variants: { one: {}, two: {} }\nfaults:\n  - { slow: inventory, by: 2x, at: 1s, for: 2s }\n"
SENTENCES = """\
expect:
  - success > 1%
  - one: success > 2%
  - "one, two: success > 3%"
  - success(one) > success(two)
  - all: no oversell
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "two.yaml"
    path.write_text(TWO + SENTENCES, encoding="utf-8")
    return path


def test_a_file_is_loaded_and_named_as_it_was_asked_for(file: Path) -> None:
    playbook = load_playbook(file)
    assert (playbook.name, playbook.source_name) == ("small", str(file))


def test_a_shipped_playbook_is_known_by_its_name_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_playbook("partition").source_name == "partition"


def test_a_shipped_name_wins_over_a_file_of_that_name_and_a_path_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "partition").write_text(TWO, encoding="utf-8")
    assert load_playbook("partition").name == "partition"
    assert load_playbook("./partition").name == "small"


def test_a_bare_word_that_is_a_file_is_that_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    file.rename(file.parent / "mine")
    assert load_playbook("mine").name == "small"


def test_problems_name_the_file_as_seen_from_here(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    file.write_text("playbook: x\n", encoding="utf-8")
    with pytest.raises(PlaybookError) as caught:
        load_playbook(file)
    assert {problem.place.file for problem in caught.value.problems} == {"two.yaml"}


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        load_playbook("partitoin")
    assert caught.value.render() == (
        "there is no playbook 'partitoin'\n  did you mean 'partition'?\n  `chaos list` says what they teach"
    )


def test_a_file_of_that_name_here_is_what_was_meant(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    with pytest.raises(UsageError) as caught:
        load_playbook(file.stem)
    assert caught.value.render() == f"there is no playbook '{file.stem}'\n  the one in this folder is `{file.name}`"


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_playbook(tmp_path / "nowhere.yaml")
    assert caught.value.message == f"the playbook '{tmp_path / 'nowhere.yaml'}' cannot be read: no such file or directory"


def test_a_folder_is_no_playbook(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_playbook(f"{tmp_path}/")


def test_a_file_without_end_is_not_read_to_it(tmp_path: Path) -> None:
    path = tmp_path / "endless.yaml"
    with path.open("wb") as sparse:
        sparse.truncate(10**12)
    with pytest.raises(PlaybookError, match="1 problem"):
        load_playbook(path)


def test_only_the_variants_asked_for_are_kept_and_the_sentences_that_are_about_them(file: Path) -> None:
    playbook = load_playbook(file, variants=("two",))
    assert [variant.name for variant in playbook.variants] == ["two"]
    assert [(one.text, one.variants) for one in playbook.expectations] == [
        ("success > 1%", ()),
        ("one, two: success > 3%", ("two",)),
        ("all: no oversell", ()),
    ]


def test_variants_keep_the_order_of_the_file(file: Path) -> None:
    assert [variant.name for variant in load_playbook(file, variants=("two", "one")).variants] == ["one", "two"]


def test_an_unknown_variant_gets_the_nearest_one(file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_playbook(file, variants=("twoo",))
    assert caught.value.render() == "'small' has no variant 'twoo'\n  did you mean 'two'?"


def test_the_shelf_is_inside_the_package_once_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "chaoscli"
    shutil.copytree(shipped()[0].path.parent, package / "shipped")
    monkeypatch.setattr(chaoscli, "__file__", str(package / "__init__.py"))
    assert path_of("partition") == package / "shipped" / "partition.yaml"
