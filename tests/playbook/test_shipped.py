"""Every playbook on the shelf is right, says what a lesson must say, and is quickly read."""

from __future__ import annotations

import time

import pytest

from chaoscli.playbook.explain import GROUPS, listed
from chaoscli.playbook.load import load_playbook, shipped

NAMES = [one.name for one in shipped()]

# Whole runs take at most 15 s, drain and start-up included.
LONGEST_PLAY_S = 12.5


def test_the_first_lessons_are_on_the_shelf() -> None:
    assert {"partition", "latency", "drops", "clock-skew", "timeouts", "retries", "sync-chain"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_playbook_is_a_whole_lesson(name: str) -> None:
    playbook = load_playbook(name)
    assert playbook.name == name
    assert playbook.group in GROUPS
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
def test_a_shipped_playbook_is_commented_and_fits_a_screen_in_width(name: str) -> None:
    lines = load_playbook_text(name).splitlines()
    assert lines[0].startswith("# ")
    assert max(map(len, lines)) <= 130


def load_playbook_text(name: str) -> str:
    return next(one.path for one in shipped() if one.name == name).read_text(encoding="utf-8")


def test_the_list_is_grouped_as_the_catalogue_is() -> None:
    groups = [line.group for line in listed()]
    assert groups == sorted(groups, key=GROUPS.index)
    assert sorted(line.name for line in listed()) == NAMES


def test_the_whole_shelf_is_read_within_a_second() -> None:
    load_playbook(NAMES[0])  # the models are built once
    began = time.process_time()
    for name in NAMES:
        load_playbook(name)
    # Forty playbooks are planned, so each has 25 ms; on a noisy machine four times that.
    assert time.process_time() - began < 0.1 * len(NAMES)
