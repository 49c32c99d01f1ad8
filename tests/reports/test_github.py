"""What GitHub reads: whole against golden files, escaped as it wants, and no more than it shows."""

from __future__ import annotations

import re
from dataclasses import replace

from chaoscli.reports import github
from chaoscli.reports.github import LONGEST_SUMMARY, MOST_ANNOTATIONS, Annotation, commands, summary
from chaoscli.reports.markdown import markdown
from chaoscli.reports.series import Series, Take
from tests.reports.series import BROKEN, attempt, check_golden, entry, everything, flaky, held, wrong


def test_all_annotations() -> None:
    check_golden("github.txt", "".join(f"{one}\n" for one in commands(everything())))


def test_each_is_one_line_that_github_can_read() -> None:
    for one in commands(everything()):
        assert re.fullmatch(r"::(error|warning) [a-z]+=[^:,\r\n]*(,[a-z]+=[^:,\r\n]*)*::[^\r\n]+", one)


def test_everything_that_ends_a_property_or_a_line_is_escaped() -> None:
    told = Annotation(level="error", title="50%: a,b", message="1%\r\n2: x, y", file="a,b:c.yaml", line=3, column=0)
    assert told.command() == "::error file=a%2Cb%3Ac.yaml,line=3,title=50%25%3A a%2Cb::1%25%0D%0A2: x, y"


def test_what_held_says_nothing_and_what_is_flaky_warns() -> None:
    assert commands(Series((held(),))) == []
    assert [one.partition(" ")[0] for one in commands(Series((flaky(),)))] == ["::warning"]


def test_a_wrong_playbook_is_marked_where_it_is_wrong() -> None:
    (only,) = commands(Series((wrong(),)))
    assert only.startswith("::error file=chaos/wrong.yaml,line=4,col=19,title=wrong is wrong::unknown fault kind 'latncy'%0A")


def test_no_more_annotations_than_github_shows_and_the_last_counts_the_rest() -> None:
    many = entry(Take((attempt(*[replace(BROKEN, text=f"p99 < {n}ms") for n in range(30)]),)))
    told = commands(Series((many,)))
    assert len(told) == MOST_ANNOTATIONS
    assert told[-1] == "::error title=chaos::21 more; the step's summary has all of them"


def test_a_summary_that_is_too_long_is_cut_at_a_line() -> None:
    many = entry(Take((attempt(*[replace(BROKEN, shown="ü" * 900) for _ in range(1200)]),)))
    text = summary(Series((many,)))
    assert LONGEST_SUMMARY - 3000 < len(text.encode()) <= 2**20
    assert text.endswith("|\n\nThe rest is too long to be shown here.\n")
    assert summary(Series((held(),))) == markdown(Series((held(),)))


def test_limits_are_those_of_github() -> None:
    assert (github.MOST_ANNOTATIONS, github.LONGEST_SUMMARY < 2**20) == (10, True)
