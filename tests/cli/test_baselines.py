"""Baselines in files: written and read back as they were, and refused with a sentence when they are none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chaoscli.checks.baseline import Worse
from chaoscli.cli.baselines import compared, read_baseline, save_baseline
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.reports.series import Series, Take
from tests.reports.series import HELD, attempt, entry, held, skipped


def kept(tmp_path: Path, series: Series) -> Path:
    save_baseline(tmp_path / "base.json", series)
    return tmp_path / "base.json"


def test_the_same_again_is_not_worse(tmp_path: Path) -> None:
    series = Series((held(),))
    (again,) = compared(series, read_baseline(kept(tmp_path, series)), worse_by=0.0).entries
    assert again.compared is not None
    assert (again.compared.worse, again.compared.note) == ((), "")
    # success, p50, p99 and a recovery that never came, and two measures of a link, in two variants
    assert again.compared.count == 12


def test_the_usual_value_is_the_middle_one_of_several_takes(tmp_path: Path) -> None:
    takes = [Take((attempt(HELD, seed=seed, p99=p99),)) for seed, p99 in ((1, 0.1), (2, 0.2), (3, 9.0))]
    plain = json.loads(kept(tmp_path, Series((entry(*takes),))).read_text())
    assert (plain["playbooks"]["retries"]["seeds"], plain["playbooks"]["retries"]["world"]) == ([1, 2, 3], "simulated")
    assert plain["playbooks"]["retries"]["variants"]["naive"] == {
        "measures": {"success": 0.972, "p50": 0.02, "p99": 0.2, "recovery": "never"},
        "links": {"order -> inventory": {"amplification": 2.4, "timeouts": 12}},
    }


def test_what_got_worse_is_told(tmp_path: Path) -> None:
    file = kept(tmp_path, Series((entry(Take((attempt(HELD),))),)))
    now = Series((entry(Take((attempt(HELD, p99=0.2),))),))
    (found,) = compared(now, read_baseline(file), worse_by=0.1).entries
    assert found.compared is not None
    assert found.compared.worse == tuple(
        Worse(variant=variant, link="", measure="p99", before="148ms", now="200ms") for variant in ("naive", "jitter")
    )
    assert found.exit_code == 1


def test_what_cannot_be_compared_is_named_and_nothing_fails(tmp_path: Path) -> None:
    file = kept(tmp_path, Series((entry(Take((attempt(HELD),))),)))
    real = attempt(HELD, p99=9.0)
    real = replace(real, outcome=replace(real.outcome, world="real"))
    new, other_world, unplayed = compared(
        Series((held(), entry(Take((real,))), skipped())), read_baseline(file), worse_by=0.1
    ).entries
    assert new.compared is not None
    assert (new.compared.note, new.exit_code) == ("not in the baseline", 0)
    assert other_world.compared is not None
    assert other_world.compared.note == "not compared: the baseline is of the simulated world, and this is the real one"
    assert unplayed.compared is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"baseline": 2, "playbooks": {}}',
        '{"baseline": 1, "playbooks": []}',
        '{"baseline": 1, "playbooks": {"a": 1}}',
        '{"baseline": 1, "playbooks": {"a": {"world": 3, "variants": {}}}}',
        '{"baseline": 1, "playbooks": {"a": {"world": "real", "variants": {"v": {"measures": {"p99": "fast"}, "links": {}}}}}}',
        '{"baseline": 1, "playbooks": {"a": {"world": "real", "variants": {"v": {"measures": {"p99": true}, "links": {}}}}}}',
        "[" * 100_000,
        "\udcff",
    ],
)
def test_what_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "base.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match="is not a baseline"):
        read_baseline(tmp_path / "base.json")


def test_a_baseline_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotMadeError, match="could not be written to"):
        save_baseline(tmp_path / "nowhere" / "base.json", Series((held(),)))
