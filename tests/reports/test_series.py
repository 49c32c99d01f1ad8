"""What becomes of takes and attempts: exit codes, words, names, and the JSON document of all of it."""

from __future__ import annotations

import json

import pytest

from chaoscli.errors import ExitCode
from chaoscli.reports.series import Entry, Series, Take, own_names
from chaoscli.reports.series_json import series_document
from tests.reports.series import (
    BROKEN,
    HELD,
    attempt,
    check_golden,
    entry,
    everything,
    flaky,
    held,
    not_made,
    skipped,
    violated,
    worse,
    wrong,
)


@pytest.mark.parametrize(
    ("of", "code", "word"),
    [
        (held(), ExitCode.HELD, "held"),
        (violated(), ExitCode.VIOLATED, "violated"),
        (flaky(), ExitCode.HELD, "flaky"),
        (not_made(), ExitCode.NOT_MADE, "not made"),
        (worse(), ExitCode.VIOLATED, "violated"),
        (wrong(), ExitCode.USAGE, "wrong"),
        (skipped(), ExitCode.HELD, "not played"),
    ],
    ids=lambda one: one.name if isinstance(one, Entry) else "",
)
def test_how_an_entry_ends(of: Entry, code: ExitCode, word: str) -> None:
    assert (of.exit_code, of.word) == (code, word)


def test_the_worst_of_all_is_the_exit_code() -> None:
    assert Series((held(), violated(), held())).exit_code is ExitCode.VIOLATED
    assert Series((violated(), not_made())).exit_code is ExitCode.NOT_MADE
    assert Series((held(),)).exit_code is ExitCode.HELD


def test_one_take_that_held_does_not_make_up_for_one_that_did_not() -> None:
    assert entry(Take((attempt(HELD),)), Take((attempt(BROKEN),))).exit_code is ExitCode.VIOLATED


def test_the_headline_counts_what_ended_how() -> None:
    said = "8 playbooks: 1 held, 1 flaky, 2 violated, 2 wrong, 1 not made, 1 not played"
    assert everything().headline == said
    assert Series((held(),)).headline == "1 playbook: 1 held"


def test_each_has_a_name_of_its_own() -> None:
    assert own_names(["a", "b"], ["a.yaml", "b.yaml"]) == ["a", "b"]
    assert own_names(["a", "a", "b"], ["x/a.yaml", "y/a.yaml", "b"]) == ["a (x/a.yaml)", "a (y/a.yaml)", "b"]
    assert own_names(["a", "a"], ["a.yaml", "a.yaml"]) == ["a (a.yaml) #1", "a (a.yaml) #2"]


def test_the_whole_document() -> None:
    check_golden("series.json", json.dumps(series_document(everything()), indent=1, allow_nan=False) + "\n")


def test_one_run_of_one_playbook_is_its_own_document() -> None:
    made = series_document(Series((held(),)))
    assert (made["playbook"], made["ok"], made["exit_code"], made["repeat"]) == (
        "retries",
        True,
        0,
        "chaos run retries.yaml --seed 7",
    )
    assert "attempts" not in made
