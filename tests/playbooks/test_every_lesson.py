"""What holds of every lesson on the shelf, simulated, whatever its subject: its claims under other dice than those it was
written with, its plan's predictions, and that it is the same to the byte wherever it is played."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

import pytest

from chaoscli.checks.judge import judge
from chaoscli.outcome import Outcome
from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.playbook.plan import plan
from chaoscli.recording import digest_of
from chaoscli.views.predicted import calls_for_one
from tests.support.simulations import simulated

NAMES = [one.name for one in shipped()]
SEED = 2
# A budget lets a little more out at the start than in the long run.
ROOM = 1.1
# What is on a link besides the calls that the plan speaks of: what a fault sends again; a balancer that looks after its replicas
# five times a second; and a coordinator that asks again after a crash until all have answered.
BESIDES = {"insecure": 1.2, "s3-2017": 1.2, "two-phase-commit": 2.0}


@cache
def played(name: str) -> tuple[Outcome, str]:
    """The verdict on one play, and its digest."""
    recording = simulated(name, seed=SEED)
    return judge(recording, load_playbook(name).expectations), digest_of(recording)


@pytest.fixture(scope="module")
def digests_elsewhere() -> Mapping[str, str]:
    """Of every lesson, played in other processes, whose hashes fall otherwise and which look after themselves."""
    command = [sys.executable, "-X", "dev", "-m", "chaoscli", "run", *NAMES]
    ended = subprocess.run(
        [*command, "--world", "sim", "--seed", str(SEED), "--jobs", "2", "--json", "--quiet"],
        env={**os.environ, "PYTHONHASHSEED": "4242"}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode in (0, 1), ended.stderr
    return {one["playbook"]: one["digest"] for one in json.loads(ended.stdout)["playbooks"]}


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_under_other_dice(name: str) -> None:
    outcome, _digest = played(name)
    assert [f"{check.written or check.text}: {check.shown} {check.reason}" for check in outcome.broken] == []
    assert outcome.problems == ()


@pytest.mark.parametrize("name", NAMES)
def test_no_request_becomes_more_calls_than_predicted(name: str) -> None:
    chains = plan(load_playbook(name)).chains
    variants = {variant.name: variant for variant in played(name)[0].variants}
    over = [
        (chain.variant, chain.path, chain.most, calls)
        for chain in chains
        if (calls := calls_for_one(variants[chain.variant], chain, chains)) is not None
        and calls > chain.most * BESIDES.get(name, ROOM)
    ]
    assert over == []


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_same_in_another_process_under_another_hash_seed_and_in_development_mode(
    name: str, digests_elsewhere: Mapping[str, str]
) -> None:
    assert digests_elsewhere[name] == played(name)[1]
