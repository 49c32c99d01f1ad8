"""Retries: the naive ones multiply the load and outlive its cause; each cure, taken away, lets that happen again."""

from __future__ import annotations

import pytest

from chaoscli.errors import ExitCode
from tests.support.plays import Played, play

LINK = "order -> inventory"
CURES = ("backoff", "jitter", "budget")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("retries", tmp_path_factory.mktemp("retries"))


@pytest.fixture(scope="module")
def without_cures(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The naive variant four times over, simulated: a storm of four is more than a small machine can be asked to play in time.

    A second and a half after the heal is enough to see that none is well.
    """
    naive = "{attempts: 6, backoff: none}"
    taken_out = [f"{variant}:order.calls.inventory.retry={naive}" for variant in CURES]
    return play("retries", tmp_path_factory.mktemp("naive"), changed=[*taken_out, "lasts=6.5s"], world="sim")


def test_every_expectation_holds(shipped: Played) -> None:
    assert (shipped.code, shipped.failed()) == (ExitCode.HELD, []), shipped.told()


def test_at_the_peak_naive_retries_send_inventory_at_least_twice_what_anybody_else_does(shipped: Played) -> None:
    others = max(shipped.measure(variant, "peak", LINK) for variant in CURES)
    assert shipped.measure("naive", "peak", LINK) >= 2 * others


def test_the_naive_recover_last_if_they_do(shipped: Played) -> None:
    others = max(shipped.measure(variant, "recovery") for variant in CURES)
    assert "recovery" in shipped.never("naive") or shipped.measure("naive", "recovery") > others


def test_backoff_gets_everybody_an_answer_where_a_budget_turns_some_away(shipped: Played) -> None:
    assert shipped.measure("backoff", "success") > shipped.measure("budget", "success") + 0.1


def test_without_its_cure_each_variant_fails_the_expectations_that_guard_it(without_cures: Played) -> None:
    assert without_cures.code == ExitCode.VIOLATED
    assert without_cures.failed() == [
        "budget: amplification < 1.3 during slow",
        "peak(naive, inventory) >= 2 * peak(backoff, inventory)",
        "peak(naive, inventory) >= 2 * peak(jitter, inventory)",
        "peak(naive, inventory) >= 2 * peak(budget, inventory)",
        "recovery(naive) > recovery(jitter) + 250ms",
        "backoff: recovery < 2.5s after slow",
        "jitter: recovery < 2.5s after slow",
        "budget: recovery < 2.5s after slow",
        "backoff: success >= 97%",
        "jitter: success >= 97%",
    ], without_cures.told()
