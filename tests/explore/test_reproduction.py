"""A reproduction is the whole of a failing run in a file, and plays it again."""

from __future__ import annotations

import json

import pytest

from chaoscli.errors import UsageError
from chaoscli.exploration import Failure
from chaoscli.explore.explain import explained
from chaoscli.explore.plan import plan_of
from chaoscli.explore.reproduction import from_text, to_text, versions
from chaoscli.explore.trial import run, try_seed
from tests.explore.subjects import OVERSELL


@pytest.fixture(scope="module")
def failure() -> Failure:
    seed = next(seed for seed in range(100) if try_seed(OVERSELL, seed).violations)
    return explained(OVERSELL, plan_of(OVERSELL, seed), "no oversell")


def test_what_is_in_the_file_plays_the_same_run_and_breaks_the_same_promise(failure: Failure) -> None:
    found = from_text(to_text(failure), "repro.json")
    assert found is not None
    assert (found.invariant, found.versions) == ("no oversell", versions())
    again = run(found.subject, found.plan)
    assert again.digest == found.digest == failure.digest
    assert again.broken("no oversell") == failure.violation


def test_a_failure_tells_its_story_up_to_the_guilty_moment(failure: Failure) -> None:
    times = [at_s for at_s, _ in failure.story]
    assert times == sorted(times)
    assert failure.story[-1] == (
        failure.violation.at_s, f"HERE 'no oversell' is broken: {failure.violation.shown}"
    )  # fmt: skip
    told = " ".join(words for _, words in failure.story)
    for word in (failure.plan.faults[0].kind, failure.violation.guilty[0], "inventory: stock reserved"):
        assert word in told


def test_the_odds_end_in_certainty(failure: Failure) -> None:
    assert failure.chances[-1].share == 1.0
    assert failure.chances[-1].at_s > failure.violation.at_s
    assert [one.at_s for one in failure.chances] == sorted({one.at_s for one in failure.chances})


def test_what_is_no_reproduction_is_left_to_others_and_what_is_none_of_ours_is_said(failure: Failure) -> None:
    assert from_text('{"recording": 1, "playbook": "drops"}\n{"variant": "retry"}\n', "run.jsonl") is None
    assert from_text("no json", "x") is None
    document = json.loads(to_text(failure))
    with pytest.raises(UsageError, match=r"'repro\.json' has form 9, and this version reads 1"):
        from_text(json.dumps({**document, "reproduction": 9}), "repro.json")
    del document["plan"]
    with pytest.raises(UsageError, match=r"'repro\.json' is no whole reproduction: 'plan'"):
        from_text(json.dumps(document), "repro.json")
