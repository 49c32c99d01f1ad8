"""From words to playbooks: which are meant, what each is called, where each expectation is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.cli.naming import load_named, words_of
from chaoscli.cli.options import Options
from chaoscli.errors import UsageError
from chaoscli.playbook.load import shipped

PLAY = """\
playbook: play
services: { inventory: {} }
load: { shoppers: { request: GET inventory /x, rate: 50/s } }
faults:
  - { name: late, at: 100ms, for: 200ms, latency: shoppers -> inventory, delay: 50ms }
lasts: 1s
expect:
  - p50 < 1s during late  # not the next one
  - p50 < 1s
  - "requests > 1"
  - default: errors < 5%
"""


def test_all_are_those_that_are_shipped() -> None:
    assert sorted(words_of(None, all_shipped=True)) == [one.name for one in shipped()]
    assert "netflix" not in words_of(None, all_shipped=True, world="real")
    assert words_of(["a", "b"], all_shipped=False) == ("a", "b")


@pytest.mark.parametrize(("names", "all_shipped"), [(None, False), ([], False), (["a"], True)])
def test_nothing_and_too_much_are_refused(names: list[str] | None, all_shipped: bool) -> None:
    with pytest.raises(UsageError):
        words_of(names, all_shipped=all_shipped)


def test_each_expectation_has_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "play.yaml").write_text(PLAY)
    monkeypatch.chdir(tmp_path)
    (only,) = load_named(Options(names=("play.yaml",)))
    assert (only.name, only.file) == ("play", "play.yaml")
    assert only.lines == {"p50 < 1s during late": 8, "p50 < 1s": 9, "requests > 1": 10, "default: errors < 5%": 11}


def test_expectations_in_one_line_share_it(tmp_path: Path) -> None:
    (tmp_path / "play.yaml").write_text(PLAY.partition("expect:")[0] + "expect: [p50 < 1s, requests > 1]\n")
    (only,) = load_named(Options(names=(str(tmp_path / "play.yaml"),)))
    assert only.lines == {"p50 < 1s": 7, "requests > 1": 7}


def test_the_same_name_twice_is_told_apart_and_what_is_wrong_keeps_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text(PLAY)
    (tmp_path / "b.yaml").write_text(PLAY)
    monkeypatch.chdir(tmp_path)
    named = load_named(Options(names=("a.yaml", "b.yaml", "nowhere")))
    assert [one.name for one in named] == ["play (a.yaml)", "play (b.yaml)", "nowhere"]
    assert [one.wrong is None for one in named] == [True, True, False]
