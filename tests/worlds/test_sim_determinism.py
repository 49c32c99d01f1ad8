"""The same playbook and the same seed are the same recording, byte for byte, wherever and however often they are played."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from chaoscli.playbook.load import shipped
from chaoscli.recording import digest_of, event_line
from tests.support.simulations import simulated

NAMES = [one.name for one in shipped()]


def lines(name: str, seed: int, variant: str) -> list[str]:
    return [event_line(variant, event) for event in simulated(name, seed=seed, variants=(variant,)).variants[variant].events]


@cache
def digest_here(name: str) -> str:
    return digest_of(simulated(name, seed=7))


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_played_twice_in_one_process_is_the_same_to_the_byte(name: str) -> None:
    assert digest_of(simulated(name, seed=7)) == digest_here(name)


def test_another_seed_is_another_run() -> None:
    assert digest_of(simulated("drops", seed=7)) != digest_of(simulated("drops", seed=8))


def digests_elsewhere(*options: str, hash_seed: str) -> dict[str, str]:
    """Of every playbook, in another process."""
    command = [sys.executable, *options, "-m", "chaoscli", "run", *NAMES, "--world", "sim", "--json", "--quiet", "--seed", "7"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    return {one["playbook"]: one["digest"] for one in json.loads(ended.stdout)["playbooks"]}


@pytest.mark.parametrize("options", [(), ("-X", "dev")])
def test_a_playbook_is_the_same_in_another_process_under_another_hash_seed_and_in_development_mode(
    options: tuple[str, ...],
) -> None:
    assert digests_elsewhere(*options, hash_seed="4242") == {name: digest_here(name) for name in NAMES}


def test_a_variant_is_the_same_whether_or_not_others_play() -> None:
    together = simulated("drops", seed=7)
    for variant in ("no-retry", "idempotent"):
        alone = lines("drops", 7, variant)
        assert [event_line(variant, event) for event in together.variants[variant].events] == alone


def test_a_policy_does_not_shift_the_draws_of_anybody_else() -> None:
    """Variants of one seed have the same requests at the same instants, and the same first tries meet the same fate."""
    run = simulated("drops", seed=7)

    def told(variant: str, kind: str, *names: str) -> list[tuple[object, ...]]:
        fields = [json.loads(event_line(variant, event)) for event in run.variants[variant].events]
        return [tuple(one[name] for name in names) for one in fields if one["event"] == kind]

    assert told("no-retry", "request_started", "request", "at") == told("retry", "request_started", "request", "at")
    once = set(told("no-retry", "fault_touched", "fault", "request", "action"))
    assert once
    assert once <= set(told("retry", "fault_touched", "fault", "request", "action"))
