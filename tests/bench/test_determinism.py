"""The sweep over seeds notices a play that is not the same twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaoscli.recording import RunRecording
from tests.bench import determinism
from tests.support.recordings import recording
from tests.support.simulations import simulated


def test_a_line_has_one_digest_where_all_plays_were_the_same() -> None:
    lines = list(determinism.digests(["partition"], 5, 1, times=2))
    assert [line.split()[:2] for line in lines] == [["partition", "5"]]
    assert len(lines[0].split()) == 3


def test_one_that_is_not_the_same_has_several(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter(range(10))

    def restless(playbook: object, *, seed: int) -> RunRecording:
        run = simulated("partition", seed=seed, variants=["timeout"])
        run.variants["restless"] = recording("restless").curtain(float(next(counted)))
        return run

    monkeypatch.setattr(determinism, "simulated", restless)
    lines: Iterator[str] = determinism.digests(["partition"], 5, 1, times=2)
    assert " and " in next(lines)
