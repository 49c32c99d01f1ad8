"""Every playbook on the shelf is right, says what a lesson must say, and is quickly read."""

from __future__ import annotations

import re
import time

import pytest

from chaoscli.playbook.course import COURSE, GROUPS
from chaoscli.playbook.explain import explain, listed
from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.views.explanation import ExplanationPage
from tests.views.golden import drawn

NAMES = [one.name for one in shipped()]

# Whole runs take at most 15 s, drain and start-up included.
LONGEST_PLAY_S = 12.5
# Two or three screens, however many services there are.
MOST_LINES = 130


def test_the_whole_course_is_on_the_shelf() -> None:
    assert sorted(name for names in COURSE.values() for name in names) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_playbook_is_a_whole_lesson(name: str) -> None:
    playbook = load_playbook(name)
    assert playbook.name == name
    assert name in COURSE[playbook.group]
    assert playbook.title != name
    assert playbook.teaches
    assert playbook.lesson
    assert playbook.notice
    assert playbook.next in NAMES
    assert playbook.next != name
    assert playbook.lasts_s <= LONGEST_PLAY_S
    assert len(playbook.variants) >= 2
    assert all(variant.summary for variant in playbook.variants)
    assert len(playbook.expectations) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_says_where_it_is_from(name: str) -> None:
    """A year of a book, a paper or an outage, or the number of a standard."""
    assert re.search(r"\b(19|20)\d\d\b|\bRFC \d+", load_playbook(name).lesson)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_playbook_is_commented_and_fits_a_screen_in_width(name: str) -> None:
    lines = load_playbook_text(name).splitlines()
    assert lines[0].startswith("# ")
    assert max(map(len, lines)) <= 130


def load_playbook_text(name: str) -> str:
    return next(one.path for one in shipped() if one.name == name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_what_explains_a_lesson_fits_a_terminal_of_eighty(name: str) -> None:
    lines = drawn(ExplanationPage(explain(load_playbook(name))), 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= MOST_LINES


def test_the_list_is_in_the_order_of_the_course() -> None:
    groups = [line.group for line in listed()]
    assert groups == sorted(groups, key=GROUPS.index)
    shelf = {line.name for line in listed()}
    assert [line.name for line in listed()] == [name for names in COURSE.values() for name in names if name in shelf]
    assert sorted(shelf) == NAMES


def test_the_course_names_41_lessons_once() -> None:
    names = [name for names in COURSE.values() for name in names]
    assert len(names) == len(set(names)) == 41


def test_the_whole_shelf_is_read_within_a_second() -> None:
    load_playbook(NAMES[0])  # the models are built once
    began = time.process_time()
    for name in NAMES:
        load_playbook(name)
    # Forty playbooks are planned, so each has 25 ms; on a noisy machine four times that.
    assert time.process_time() - began < 0.1 * len(NAMES)
