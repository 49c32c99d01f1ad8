"""The partition: without a timeout everybody waits for the heal; a timeout or a fallback, taken away, brings that back."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.errors import ExitCode
from tests.support.plays import Played, play


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("partition", tmp_path_factory.mktemp("partition"))


@pytest.fixture(scope="module")
def without_cures(tmp_path_factory: pytest.TempPathFactory) -> Played:
    taken_out = ["timeout:order.calls.inventory.timeout=none", "fallback:order.calls.inventory.fallback=none"]
    return play(
        "partition", tmp_path_factory.mktemp("no-cures"), changed=[*taken_out, "faults.cut.at=1s", "lasts=5.5s"], world="sim"
    )


def test_every_expectation_holds(shipped: Played) -> None:
    assert (shipped.code, shipped.failed()) == (ExitCode.HELD, []), shipped.told()


def test_without_a_timeout_requests_hang_for_seconds_while_the_others_answer_within_theirs(shipped: Played) -> None:
    slowest = {variant: shipped.measure(variant, "slowest") for variant in ("no-timeout", "timeout", "fallback")}
    assert slowest["no-timeout"] > 3.5
    assert 0.5 <= slowest["timeout"] < 1.5
    assert 0.5 <= slowest["fallback"] < 1.5


def test_all_were_answered_in_the_end_and_a_timeout_alone_turned_many_away(shipped: Played) -> None:
    assert shipped.measure("no-timeout", "success") == shipped.measure("fallback", "success") == 1.0
    # 80 of 180 requests came while the network was away; the last half second of them was answered after the heal.
    assert 0.5 < shipped.measure("timeout", "success") < 0.75


def test_the_fallback_answers_from_memory_as_often_as_the_network_is_missing(shipped: Played) -> None:
    assert shipped.measure("fallback", "fallbacks") == shipped.measure("fallback", "timeouts", "order -> inventory") > 50


def test_every_variant_met_the_same_outage_when_it_was_due(shipped: Played) -> None:
    figures = [figure for fault in shipped.document["faults"] for figure in fault["figures"]]
    instants = [figure for figure in figures if figure["what"] in ("begins", "ends")]
    assert [figure["asked"] for figure in instants] == [2, 6] * 3
    assert all(0 <= figure["achieved"] - figure["asked"] < 0.5 for figure in instants)


def test_without_its_cure_each_variant_fails_the_expectations_that_guard_it(without_cures: Played) -> None:
    assert without_cures.code == ExitCode.VIOLATED
    assert without_cures.failed() == [
        "timeout: slowest < 1.5s",
        "in_flight_max(no-timeout) > 3 * in_flight_max(timeout)",
        "timeout: success during cut < 40%",
        "fallback: goodput during cut > 12/s",
        "fallback: success >= 99%",
    ], without_cures.told()


def test_a_fallback_without_a_timeout_never_comes_to_be_asked(tmp_path: Path) -> None:
    shorter = ["faults.cut.at=1s", "faults.cut.for=2s", "lasts=3.2s"]
    played = play(
        "partition",
        tmp_path,
        variants=["fallback"],
        changed=["fallback:order.calls.inventory.timeout=none", *shorter],
        world="sim",
    )
    assert played.failed() == ["fallback: slowest < 1.5s", "fallback: goodput during cut > 12/s"], played.told()
