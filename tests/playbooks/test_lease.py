"""Lease: a clock that stands still and a nap make two owners; a clock that nobody sets cures the one, a token both."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken, judged


@pytest.mark.parametrize("seed", [4, 9])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("lease", seed=seed) == []


def test_a_vault_that_does_not_look_lets_the_sleeper_in() -> None:
    assert broken("lease", changed=["fenced:vault.fencing=false"], variants=["fenced"]) == [
        "fenced: one owner",
        "fenced: count(vault refused) >= 1",
    ]


def test_without_the_nap_a_monotonic_clock_is_enough() -> None:
    assert broken("lease", changed=["nap=none", "expect=[monotonic: one owner]"], variants=["monotonic"]) == []


def test_without_the_nap_a_clock_on_the_wall_is_not() -> None:
    assert broken("lease", changed=["nap=none", "expect=[wall-clock: one owner]"], variants=["wall-clock"]) == [
        "wall-clock: one owner"
    ]


def test_a_clock_that_goes_on_ends_its_lease_like_any_other() -> None:
    changed = ["nap=none", "frozen=none", "expect=[wall-clock: one owner]"]
    assert broken("lease", changed=changed, variants=["wall-clock"]) == []


def test_the_run_names_the_writes_of_who_was_no_longer_the_owner() -> None:
    laws = {
        check.variant: check for check in judged("lease", variants=["wall-clock", "monotonic"]).checks if "breaks" in check.text
    }
    assert len(laws["wall-clock"].guilty) > 20
    assert {request.partition("-")[0] for request in laws["monotonic"].guilty} == {"two"}
