"""Plans out of seeds: the same wherever they are made, plain JSON, and spread as a search wants them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from chaoscli.exploration import Plan
from chaoscli.explore.plan import MOST_FAULTS, plan_of
from chaoscli.explore.vocabulary import HARMS, VOCABULARY
from chaoscli.faults.catalogue import fault_from_plain
from chaoscli.settings import from_plain, to_plain
from chaoscli.topology import Topology
from tests.explore.subjects import CHARGE

PLANS = [plan_of(CHARGE, seed) for seed in range(1000)]


def test_a_seed_is_a_plan_and_another_seed_another() -> None:
    assert plan_of(CHARGE, 7) == PLANS[7]
    assert plan_of(CHARGE, 7) != plan_of(CHARGE, 8)


def test_a_plan_is_plain_json_and_back() -> None:
    for plan in PLANS[:100]:
        assert from_plain(Plan, json.loads(json.dumps(to_plain(plan)))) == plan


def test_plans_have_one_to_twelve_faults_and_most_have_few() -> None:
    counts = Counter(len(plan.faults) for plan in PLANS)
    assert set(counts) == set(range(1, MOST_FAULTS + 1))
    assert sum(counts[few] for few in (1, 2, 3)) > 600
    # A third fewer of each number than of the one before: 333 of one fault, 223 of two.
    assert 280 < counts[1] < 390


def test_every_kind_comes_and_many_plans_leave_most_kinds_out() -> None:
    assert {fault.kind for plan in PLANS for fault in plan.faults} == {harm.kind for harm in HARMS}
    long = [plan for plan in PLANS if len(plan.faults) >= 6]
    few_kinds = [plan for plan in long if len({fault.kind for fault in plan.faults}) <= 3]
    assert 0.2 < len(few_kinds) / len(long) < 0.7


def test_some_plans_harm_one_node_only() -> None:
    long = [plan for plan in PLANS if len(plan.faults) >= 4]
    assert any(all("payment" in fault.target for fault in plan.faults) for plan in long)


def test_half_of_the_faults_come_near_what_the_workload_does_and_some_wait_for_a_message() -> None:
    faults = [fault for plan in PLANS for fault in plan.faults]
    waiting = sum(fault.after is not None for fault in faults) / len(faults)
    assert 0.2 < waiting < 0.3
    # Five requests a second: of what comes at any time, three in ten are less than 60 ms behind one.
    timed = [fault for fault in faults if fault.after is None]
    near = sum((fault.at_s * 5) % 1 < 0.3 for fault in timed) / len(timed)
    assert near > 0.4


def test_faults_are_aimed_at_what_is_there_before_all_is_mended_and_can_be_made() -> None:
    links, nodes = set(map(str, CHARGE.topology.links)), {node.name for node in CHARGE.topology.services}
    for plan in PLANS:
        assert plan.heals_s <= CHARGE.heals_s < plan.lasts_s + 2.0
        for fault in plan.faults:
            harm = VOCABULARY[fault.kind]
            assert fault.target in (links if harm.aim == "link" else nodes)
            assert fault.after is not None or fault.at_s < plan.heals_s + 0.301
            assert fault.for_s >= 0.001
            if harm.fault:
                fault_from_plain(harm.fault, fault.settings)


def test_no_message_is_harmed_where_nobody_between_can_read_it() -> None:
    secret = replace(CHARGE.topology.node("payment"), settings={"tls": "mutual"})
    nodes = tuple(secret if one.name == "payment" else one for one in CHARGE.topology.nodes)
    subject = replace(CHARGE, topology=Topology(nodes=nodes))
    harmed = {fault.kind for seed in range(200) for fault in plan_of(subject, seed).faults if fault.target == "order -> payment"}
    assert "partition" in harmed
    assert not harmed & {"lost request", "lost reply", "duplicate", "error"}
