"""netflix: each variant's lesson fails when what it rests on is taken away; and it is played simulated or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import chaos
from tests.support.simulations import judged


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("guarded:layers.calls.timeout=3s", "success during slow-leaf > 99%"),
        ("guarded:layers.calls.fallback_reply=none", "success during slow-leaf > 99%"),
        # With hands enough at the top, those who wait for the leaf are in nobody's way.
        ("plain:layers.service.workers=64", "success during slow-leaf < 75%"),
    ],
)
def test_without_its_cure_or_its_cause_an_expectation_fails(change: str, broken: str) -> None:
    assert broken in [check.text.partition(": ")[2] or check.text for check in judged("netflix", changed=[change]).broken]


def test_on_processes_it_is_refused(tmp_path: Path) -> None:
    for words in (("run", "netflix"), ("up", "netflix")):
        ended = chaos(*words, folder=tmp_path)
        assert ended.code == 2
        assert "'netflix' is not played on real processes" in ended.err
