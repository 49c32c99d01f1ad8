"""Split brain: two primaries and lost writes, unless a majority decides who it is and what counts; without either, again."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken, judged

NODES = ("east", "west", "south")


@pytest.mark.parametrize("seed", [4, 9])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("split-brain", seed=seed) == []


def test_acknowledged_alone_again_a_write_can_be_lost() -> None:
    changed = [f"fenced:{node}.acknowledge=primary" for node in NODES]
    assert broken("split-brain", changed=changed, variants=["fenced"]) == [
        "fenced: one primary",
        "fenced: no write lost",
        "fenced: linearizable",
        "fenced: success(east-writers) during cut < 40%",
    ]


def test_read_alone_again_an_old_primary_answers_with_what_is_over() -> None:
    changed = [f"fenced:{node}.reads=primary" for node in NODES]
    assert broken("split-brain", changed=changed, variants=["fenced"]) == ["fenced: linearizable"]


def test_without_votes_the_one_that_nobody_asks_takes_over() -> None:
    changed = [f"quorum:{node}.failover=alone" for node in NODES]
    assert broken("split-brain", changed=changed, variants=["quorum"])[0] == "quorum: count(write rolled back) before cut == 0"


def test_the_run_names_the_writes_that_were_acknowledged_and_lost() -> None:
    law = next(check for check in judged("split-brain", variants=["quorum"]).checks if check.text == "breaks no write lost")
    assert len(law.guilty) > 10
    # All of them of the side that was cut off, for it was the other that could elect somebody.
    assert all(request.startswith("east-writers-") for request in law.guilty)
