"""The end of a command that played much: its table, spreads, what got worse and what to repeat; and the page of a plan."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.plan import plan
from chaoscli.reports.series import Series
from chaoscli.views.closing import Closing, again, headline
from chaoscli.views.glyphs import glyphs_for
from chaoscli.views.plan import PlanPage
from tests.reports.series import everything, flaky, held, violated
from tests.views.golden import check, drawn


def test_the_closing_of_everything() -> None:
    check("closing-80", drawn(Closing(everything()), 80))


def test_what_held_needs_few_lines() -> None:
    said = drawn(Closing(Series((held(), held()))), 80).splitlines()
    assert said == [
        "",
        "✓  held  held  1 of 1 expectations  1.25s",
        "✓  held  held  1 of 1 expectations  1.25s",
    ]


def test_many_rows_have_headings_and_stand_under_each_other_all_the_same() -> None:
    names = [f"{letter}-lesson{'-of-old' * (letter > 'f')}" for letter in "abcdefghijk"]
    series = Series(tuple(replace(held(), name=name) for name in names))
    groups = {name: "The first six" if name < "g" else "The others" for name in names}

    lines = drawn(Closing(series, groups.__getitem__), 80).splitlines()[1:]

    assert [line for line in lines if not line.startswith("✓")] == ["The first six", "The others"]
    assert lines[1] == "✓  a-lesson         held  1 of 1 expectations  1.25s"
    assert lines[8] == "✓  g-lesson-of-old  held  1 of 1 expectations  1.25s"


def test_few_rows_need_no_headings() -> None:
    assert "The pitfalls" not in drawn(Closing(Series((held(),)), lambda name: "The pitfalls"), 80)


def test_the_commands_to_repeat_are_those_of_what_failed_or_was_flaky() -> None:
    assert list(again(Series((held(),)))) == []
    assert list(again(Series((flaky(),)))) == ["chaos run retries.yaml --seed 7"]
    assert list(again(Series((violated(),)))) == ["chaos run retries.yaml --seed 7", "chaos run retries.yaml --seed 8"]


def test_the_last_line_counts_and_says_the_exit_code() -> None:
    signs = glyphs_for(Console(file=StringIO()))
    assert headline(Series((held(),)), signs).plain.endswith(" 1 playbook: 1 held  (exit 0)")
    assert headline(Series((held(), violated())), signs).plain.endswith(" 2 playbooks: 1 held, 1 violated  (exit 1)")


def test_it_can_be_shown_in_ascii() -> None:
    assert drawn(Closing(everything()), 80, encoding="ascii").isascii()
    assert drawn(PlanPage(plan(load_playbook("retries"))), 80, encoding="ascii").isascii()


def test_the_page_of_a_plan() -> None:
    check("plan-retries-80", drawn(PlanPage(plan(load_playbook("retries"))), 80))


@pytest.mark.parametrize("width", [40, 80])
def test_pages_fit_their_terminal(width: int) -> None:
    for page in (Closing(everything()), PlanPage(plan(load_playbook("sync-chain")))):
        assert max(len(line) for line in drawn(page, width).splitlines()) <= width
