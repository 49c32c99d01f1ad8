"""Timeouts: who waits without a limit is taken down by whom it waits for; a timeout or a bulkhead, taken away, lets it happen."""

from __future__ import annotations

import pytest

from chaoscli.errors import ExitCode
from tests.support.plays import Played, play


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("timeouts", tmp_path_factory.mktemp("timeouts"))


@pytest.fixture(scope="module")
def without_cures(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Three seconds of silence are enough: after one order is full, after two the edge."""
    taken_out = ["tuned:order.calls.inventory.timeout=none", "bulkhead:order.calls.inventory.bulkhead=none"]
    shorter = ["faults.hung.at=1s", "faults.hung.for=3s", "lasts=5s"]
    return play(
        "timeouts",
        tmp_path_factory.mktemp("no-cures"),
        variants=["tuned", "bulkhead"],
        changed=[*taken_out, *shorter],
        world="sim",
    )


def test_every_expectation_holds(shipped: Played) -> None:
    assert (shipped.code, shipped.failed()) == (ExitCode.HELD, []), shipped.told()


def test_five_seconds_are_no_timeout_in_an_outage_of_four(shipped: Played) -> None:
    assert [shipped.measure(variant, "timeouts", "order -> inventory") for variant in ("no-timeout", "five-seconds")] == [0, 0]


def test_nobody_is_turned_away_where_everybody_hangs(shipped: Played) -> None:
    for variant in ("no-timeout", "five-seconds"):
        assert shipped.measure(variant, "success") == 1.0
        assert shipped.measure(variant, "slowest") > 3.0


def test_a_bulkhead_sends_a_hung_callee_little_more_than_its_slots(shipped: Played) -> None:
    """Six calls hang, and nothing else is sent for four of nine seconds."""
    calls = {variant: shipped.measure(variant, "attempts", "order -> inventory") for variant in ("tuned", "bulkhead")}
    assert calls["bulkhead"] < 0.75 * calls["tuned"]


def test_without_its_cure_each_variant_fails_the_expectations_that_guard_it(without_cures: Played) -> None:
    assert without_cures.code == ExitCode.VIOLATED
    assert without_cures.failed() == [
        "tuned: busy(order) during hung < 14",
        "bulkhead: busy(order) during hung < 14",
        "tuned: busy(edge) during hung < 24",
        "bulkhead: busy(edge) during hung < 24",
        "tuned: slowest(visitors) < 1.5s",
        "bulkhead: slowest(visitors) < 1.5s",
        "tuned: goodput(visitors) during hung > 4/s",
        "bulkhead: goodput(visitors) during hung > 4/s",
    ], without_cures.told()
