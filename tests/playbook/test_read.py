"""A playbook that is right means exactly what it says: names resolved, units read, defaults filled in."""

from __future__ import annotations

import dataclasses
import json

import pytest

from chaoscli.checks.expectation import Names, parse_expectation
from chaoscli.faults.base import Direction
from chaoscli.faults.catalogue import FAULTS
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.drop import Drop
from chaoscli.faults.latency import Latency
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.silence import Silence
from chaoscli.faults.slow import Slow
from chaoscli.load.settings import Load
from chaoscli.playbook.meaning import FaultPlan, Playbook, Variant
from chaoscli.playbook.read import read_playbook
from chaoscli.resilience.policy import Policy, Retry
from chaoscli.services.catalogue import KINDS
from chaoscli.settings import from_plain, to_plain
from chaoscli.topology import Link, NodeSpec, Topology
from tests.playbook.texts import read

WHOLE = """\
playbook: whole
title:  Everything there is
  to say
group: Tests
teaches: [one, two]
lesson: |
  What happens.
notice: What to see.
next: small
lasts: 1m
seed: 42
services:
  stock: { kind: inventory, workers: 4, service_time: 20ms, port: 8081 }
  inventory: {}
  order:
    workers: 8
    calls:
      inventory: { timeout: none, retry: { attempts: 2, base: 50ms, budget: 10% }, fallback: last_good }
load:
  shoppers: { request: POST order /api/orders, json: { quantity: 1 }, rate: 600/m, arrivals: constant, timeout: 2s }
variants:
  calm:
    summary: nothing goes
      wrong
    faults: []
  rough: {}
faults:
  - { slow: inventory, by: 4x, at: 2s, for: 3s }
  - { name: lag, latency: order -> inventory, delay: 100ms, jitter: 50ms, distribution: normal, direction: both, share: 50%,
      until: 30s }
expect:
  - rough: recovery <= 2s after slow
  - all: no oversell
"""

ORDER = Link("order", "inventory")
SHOP = Link("shoppers", "order")


def test_a_playbook_means_what_it_says() -> None:
    policy = Policy(timeout=None, retry=Retry(attempts=2, base=0.05, budget=0.1), fallback="last_good")
    load = Load(request="POST order /api/orders", json={"quantity": 1}, rate=10.0, arrivals="constant", timeout=2.0)
    stock = to_plain(KINDS["inventory"].settings(workers=4, service_time=0.02))
    topology = Topology(
        nodes=(
            NodeSpec(name="stock", kind="inventory", settings=stock, port=8081),
            NodeSpec(name="inventory", kind="inventory", settings=to_plain(KINDS["inventory"].settings())),
            NodeSpec(
                name="order",
                kind="order",
                settings=to_plain(KINDS["order"].settings(workers=8)),
                calls={"inventory": to_plain(policy)},
            ),
            NodeSpec(name="shoppers", kind="load", settings=to_plain(load), calls={"order": to_plain(load.policy)}),
        )
    )
    slow = FaultPlan(
        name="slow", kind="slow", at_s=2.0, until_s=5.0, text="slow 4x", targets=("inventory",),
        fault=Slow(by=4.0), nodes=("inventory",),
    )  # fmt: skip
    lag = FaultPlan(
        name="lag", kind="latency", at_s=0.0, until_s=30.0, text="latency 100ms ± 50ms normal", targets=("order -> inventory",),
        fault=Latency(delay=0.1, jitter=0.05, distribution="normal"),
        links=((ORDER, Direction.REQUEST), (ORDER, Direction.REPLY)), share=0.5,
    )  # fmt: skip
    names = Names(
        variants=("calm", "rough"), links=(ORDER, SHOP), nodes=("stock", "inventory", "order"), loads=("shoppers",),
        faults=("slow", "lag"),
    )  # fmt: skip
    assert read_playbook(WHOLE.encode(), "whole.yaml") == Playbook(
        name="whole",
        title="Everything there is to say",
        group="Tests",
        teaches=("one", "two"),
        lesson="What happens.",
        notice="What to see.",
        next="small",
        source_name="whole.yaml",
        lasts_s=60.0,
        seed=42,
        variants=(
            Variant(name="calm", topology=topology, faults=(), summary="nothing goes wrong", changes=("faults: []",)),
            Variant(name="rough", topology=topology, faults=(slow, lag)),
        ),
        expectations=(
            parse_expectation("rough: recovery <= 2s after slow", names),
            parse_expectation("all: no oversell", names),
        ),
    )


def test_a_topology_survives_json_and_comes_back_as_settings() -> None:
    node = read(overrides=["order.calls.inventory.retry={attempts: 3, budget: 20%}"]).variants[0].topology.node("order")
    plain = json.loads(json.dumps(to_plain(node)))
    assert from_plain(NodeSpec, plain) == node
    assert from_plain(Policy, plain["calls"]["inventory"]) == Policy(timeout=0.3, retry=Retry(attempts=3, budget=0.2))


def test_a_playbook_without_variants_has_one_called_default() -> None:
    (variant,) = read().variants
    assert (variant.name, variant.summary, variant.changes) == ("default", "", ())


def test_what_was_not_written_is_empty_and_the_title_is_the_name() -> None:
    playbook = read()
    assert (playbook.title, playbook.group, playbook.lesson, playbook.notice, playbook.next) == ("small", "", "", "", "")
    assert (playbook.teaches, playbook.seed, playbook.expectations) == ((), None, ())


def test_calls_may_be_a_list_of_names() -> None:
    node = read(overrides=["order.calls=[inventory]"]).variants[0].topology.node("order")
    assert node.calls == {"inventory": to_plain(Policy())}


def plans(*faults: str) -> tuple[FaultPlan, ...]:
    return read("faults:\n" + "".join(f"  - {{ {fault} }}\n" for fault in faults)).variants[0].faults


def test_a_fault_without_times_lasts_the_whole_play() -> None:
    (plan,) = plans("slow: inventory, by: 2x")
    assert (plan.at_s, plan.until_s) == (0.0, None)


@pytest.mark.parametrize(("written", "until"), [("for: 9s", 10.0), ("until: 9s", 9.0), ("for: 100ms", 1.1)])
def test_a_fault_ends_after_its_time_or_at_an_instant(written: str, until: float) -> None:
    (plan,) = plans(f"slow: inventory, by: 2x, at: 1s, {written}")
    assert plan.until_s == pytest.approx(until)


@pytest.mark.parametrize(
    ("aim", "links"),
    [
        ("order -> inventory", (ORDER,)),
        ("order->inventory", (ORDER,)),
        ("[order -> inventory, shoppers -> order]", (ORDER, SHOP)),
        ("'* -> inventory'", (ORDER,)),
        ("'order -> *'", (ORDER,)),
        ("'* -> *'", (ORDER, SHOP)),
        ("[order -> inventory, '* -> inventory']", (ORDER,)),
    ],
)
def test_a_link_fault_is_aimed_at_one_link_or_several(aim: str, links: tuple[Link, ...]) -> None:
    (plan,) = plans(f"drop: {aim}")
    assert plan.links == tuple((link, Direction.REQUEST) for link in links)
    assert plan.targets == tuple(str(link) for link in links)


def test_latency_delays_replies_unless_told_otherwise() -> None:
    usual, request = plans(
        "latency: order -> inventory, delay: 1ms", "name: b, latency: order -> inventory, delay: 1ms, direction: request"
    )
    assert usual.links == ((ORDER, Direction.REPLY),)
    assert request.links == ((ORDER, Direction.REQUEST),)


def test_a_partition_cuts_the_links_between_its_groups_both_ways() -> None:
    (plan,) = plans("partition: [[shoppers, order], [inventory]]")
    assert plan.fault == Silence()
    assert plan.links == ((ORDER, Direction.REQUEST), (ORDER, Direction.REPLY))
    assert plan.targets == ("order -> inventory",)


def test_a_partition_may_be_one_way_and_may_reset() -> None:
    (plan,) = plans("partition: [[inventory], [order]], one_way: true, mode: reset")
    assert plan.fault == ResetConnections()
    assert plan.links == ((ORDER, Direction.REPLY),)


def test_message_and_node_faults_carry_their_settings() -> None:
    drop, skew = plans(
        "drop: order -> inventory, what: reply, probability: 30%, first: 2",
        "clock_skew: [order, inventory], offset: -150ms, drift: 200ppm",
    )
    assert drop.fault == Drop(what="reply", probability=0.3, first=2)
    assert (skew.fault, skew.nodes) == (ClockSkew(offset=-0.15, drift=200.0), ("order", "inventory"))


def test_no_setting_of_a_fault_is_called_like_a_kind_of_fault() -> None:
    # Or a fault could not be told by its keys.
    settings = {field.name for row in FAULTS.values() for field in dataclasses.fields(row.settings)}
    assert settings.isdisjoint(FAULTS)
