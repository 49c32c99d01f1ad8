"""``chaos agree`` plays both worlds and says how far apart they are; what it does not know is refused before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import Ended, chaos

PLAYBOOK = """
playbook: short
title: Two seconds of a slow answer
services:
  inventory: { service_time: 20ms }
load:
  readers: { request: GET inventory /api/inventory/check/BOOK-001, rate: 20/s, arrivals: constant, drain: 1s }
variants:
  plain: { summary: nothing special }
faults:
  - { name: far, at: 1s, latency: readers -> inventory, delay: 200ms }
lasts: 2s
expect:
  - plain: success == 100%
  - plain: p50 during far > 150ms
"""


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("agree")
    (folder / "short.yaml").write_text(PLAYBOOK)
    return chaos("agree", str(folder / "short.yaml"), "--json", folder=folder)


def test_both_worlds_are_played_and_every_measure_and_verdict_is_compared(agreed: Ended) -> None:
    assert agreed.code in (0, 1), agreed.err  # a busy host may be slower than any tolerance; what is compared is the same
    document = json.loads(agreed.out)
    (compared,) = document["playbooks"].values()
    assert [one["what"] for one in compared[:3]] == ["requests", "success", "p50"]
    verdicts = [one for one in compared if one["tolerance"] == "the same verdict"]
    assert [(one["what"], one["simulated"].split(":")[0]) for one in verdicts] == [
        ("success == 100%", "held"),
        ("p50 during far > 150ms", "held"),
    ]
    assert document["ok"] == all(one["agrees"] or one["reason"] for one in compared)
    assert document["ok"] == (agreed.code == 0)


def test_the_same_schedule_is_offered_in_both_worlds(agreed: Ended) -> None:
    (compared,) = json.loads(agreed.out)["playbooks"].values()
    assert (compared[0]["real"], compared[0]["simulated"]) == ("40", "40")


def test_what_plays_in_one_world_only_is_not_compared_and_says_why(tmp_path: Path) -> None:
    ended = chaos("agree", "netflix", folder=tmp_path)
    assert ended.code == 3
    assert "netflix: not compared: 'netflix' is not played on real processes" in ended.out


def test_an_unknown_playbook_is_refused(tmp_path: Path) -> None:
    ended = chaos("agree", "partitoin", folder=tmp_path)
    assert ended.code == 2
    assert "partition" in ended.err
