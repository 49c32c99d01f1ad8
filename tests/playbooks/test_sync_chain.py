"""The chain: its latency is the sum of its parts; calls in turn, or without the broker, bring that back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chaoscli.errors import ExitCode
from tests.support.plays import Played, play

# What A, B, C, D and E take for a request, by the playbook.
WORK_S = {"a": 0.010, "b": 0.030, "c": 0.020, "d": 0.050, "e": 0.040}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("sync-chain", tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def without_cures(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The parallel variant asks in turn; the queue's services call each other, as those of the chain do."""
    taken_out = ["parallel:a.parallel=false", "queue:a.publish=none", "queue:a.calls=[b]"]
    for name, following in (("b", "[c]"), ("c", "[d]"), ("d", "[e]"), ("e", "[]")):
        taken_out += [f"queue:{name}.consume=none", f"queue:{name}.publish=none", f"queue:{name}.calls={following}"]
    shorter = ["faults.tired.at=1.5s", "faults.tired.for=1.5s", "clients.stops=3s", "lasts=4s"]
    return play("sync-chain", tmp_path_factory.mktemp("no-cures"), changed=[*taken_out, *shorter], world="sim")


def test_every_expectation_holds(shipped: Played) -> None:
    assert (shipped.code, shipped.failed()) == (ExitCode.HELD, []), shipped.told()


def test_the_latency_of_a_chain_is_the_sum_of_its_parts_and_that_of_a_queue_is_not(shipped: Played) -> None:
    whole_s = sum(WORK_S.values())
    assert shipped.measure("chain", "p50") > whole_s
    assert shipped.measure("parallel", "p50") < whole_s
    assert shipped.measure("queue", "p50") < whole_s / 2


def test_each_hop_of_the_chain_waits_for_all_that_come_after_it(shipped: Played) -> None:
    names = list(WORK_S)
    for place, (caller, callee) in enumerate(pairwise(names), start=1):
        behind_s = sum(WORK_S[name] for name in names[place:])
        assert shipped.measure("chain", "p50", f"{caller} -> {callee}") > behind_s


def test_without_its_cure_each_variant_fails_the_expectations_that_guard_it(without_cures: Played) -> None:
    assert without_cures.code == ExitCode.VIOLATED
    assert without_cures.failed() == [
        "p50(parallel) before tired < 0.7 * p50(chain) before tired",
        "p50(queue) before tired < 0.4 * p50(chain) before tired",
        "queue: p50 during tired < p50 before tired + 50ms",
        "queue: count(worked off) >= 4 * requests",
        "queue: completion(worked off) before tired > 150ms",
        "queue: completion(worked off) during tired > completion(worked off) before tired + 200ms",
    ], without_cures.told()
