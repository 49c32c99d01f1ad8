"""The same playbook and the same seed are the same recording, byte for byte, wherever and however often they are played."""

from __future__ import annotations

import json

import pytest

from chaoscli.recording import digest_of, event_line
from tests.support.simulations import simulated


def lines(name: str, seed: int, variant: str) -> list[str]:
    return [event_line(variant, event) for event in simulated(name, seed=seed, variants=(variant,)).variants[variant].events]


@pytest.mark.parametrize("name", ["drops", "sync-chain", "clock-skew"])
def test_a_playbook_played_twice_in_one_process_is_the_same_to_the_byte(name: str) -> None:
    assert digest_of(simulated(name, seed=7)) == digest_of(simulated(name, seed=7))


def test_another_seed_is_another_run() -> None:
    assert digest_of(simulated("drops", seed=7)) != digest_of(simulated("drops", seed=8))


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
