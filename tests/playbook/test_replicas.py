"""A service with replicas becomes nodes of its own, and its name means all of them to a gateway, a fault and a cue."""

from __future__ import annotations

from chaoscli.playbook.explain import Drawing, explain
from chaoscli.playbook.meaning import Variant
from chaoscli.playbook.plan import plan
from chaoscli.playbook.read import read_playbook

SHOP = """\
playbook: replicas
services:
  shop: { kind: hop, replicas: 2, startup: 500ms, calls: [inventory] }
  inventory: { restart: on_crash, restart_after: 200ms }
  edge: { kind: gateway, calls: { shop: { timeout: 1s } }, weights: { shop: 3 } }
load:
  visitors: { request: GET edge /home }
lasts: 10s
"""


def variant(more: str = "") -> Variant:
    return read_playbook((SHOP + more).encode(), "replicas.yaml").variants[0]


def test_each_replica_is_a_node_and_the_gateway_calls_all() -> None:
    topology = variant().topology
    assert [(node.name, node.group, node.standby) for node in topology.services] == [
        ("shop-1", "shop", False),
        ("shop-2", "shop", False),
        ("inventory", "", False),
        ("edge", "", False),
    ]
    assert [str(link) for link in topology.links] == [
        "shop-1 -> inventory",
        "shop-2 -> inventory",
        "edge -> shop-1",
        "edge -> shop-2",
        "visitors -> edge",
    ]
    edge = topology.node("edge")
    assert edge.settings["weights"] == {"shop-1": 3, "shop-2": 3}
    assert edge.calls["shop-1"] == edge.calls["shop-2"]
    assert topology.node("shop-2").startup_s == 0.5
    assert (topology.node("inventory").restarts, topology.node("inventory").restart_after_s) == (5, 0.2)


def test_as_many_stand_by_as_cues_or_a_rule_may_ask_for() -> None:
    topology = variant("cues:\n  - { scale: shop, to: 4, at: 1s }\n").topology
    assert [node.name for node in topology.services if node.standby] == ["shop-3", "shop-4"]
    assert [node.name for node in topology.at_first.services] == ["shop-1", "shop-2", "inventory", "edge"]
    assert list(topology.at_first.node("edge").calls) == ["shop-1", "shop-2"]
    ruled = variant("variants:\n  only: { shop.autoscale: { min: 2, max: 3 } }\n").topology
    assert [node.name for node in ruled.services if node.standby] == ["shop-3"]


def test_a_fault_or_a_cue_on_the_group_is_on_every_replica() -> None:
    more = "faults:\n  - { slow: shop, by: 2x }\n  - { latency: edge -> shop, delay: 10ms }\n"
    more += "  - { name: cut, partition: [[edge], [shop]] }\ncues:\n  - { kill: shop, at: 1s, for: 1s }\n"
    slow, late, cut = variant(more).faults
    assert slow.nodes == ("shop-1", "shop-2")
    assert [str(link) for link, _ in late.links] == ["edge -> shop-1", "edge -> shop-2"]
    assert {str(link) for link, _ in cut.links} == {"edge -> shop-1", "edge -> shop-2"}
    (kill,) = variant(more).cues
    assert (kill.targets, kill.text) == (("shop-1", "shop-2"), "kill shop")


def test_one_replica_goes_by_its_own_name() -> None:
    (slow,) = variant("faults:\n  - { slow: shop-2, by: 2x }\n").faults
    assert slow.nodes == ("shop-2",)
    changed = variant("variants:\n  fixed: { edge.weights: none, edge.calls: [shop-1] }\n")
    assert list(changed.topology.node("edge").calls) == ["shop-1"]


def test_a_plan_draws_the_group_as_one() -> None:
    playbook = read_playbook((SHOP + "cues:\n  - { scale: shop, to: 3, at: 1s }\n").encode(), "replicas.yaml")
    assert plan(playbook).starts == (("inventory",), ("shop (hop): 2 replicas, up to 3",), ("edge (gateway)",))
    assert [chain.path for chain in plan(playbook).chains] == [("visitors", "edge", "shop", "inventory")]
    assert explain(playbook).drawings == (Drawing(lines=("visitors ──> edge ──> shop ──> inventory",)),)
