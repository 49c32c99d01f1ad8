"""What a run reached, by words."""

from __future__ import annotations

from typing import Any

from chaoscli.explore.reached import possible_in, reached
from chaoscli.topology import NodeSpec, Topology
from tests.explore.planted.catalogue import load, node
from tests.support.recordings import recording


def test_results_losses_facts_and_lives_are_counted() -> None:
    play = recording().request(at=0.1, took=0.1).call("order -> payment", "s-1", at=0.2, took=0.1, result="timeout", arrives=None)
    play.touched("lost", "s-1", at=0.2, action="drop reply").retry("order -> payment", "s-1", at=0.3, attempt=2)
    play.happened("broker", "delivered", "s-1", at=0.4, deliveries=2)
    play.node("payment", "killed", at=1).node("payment", "ready", at=2)
    play.fault("a", at=3, until=5).fault("b", at=4, until=4.5)
    assert reached(play) == {
        "'delivered'": 1,
        "a call timed out": 1,
        "a call was tried again": 1,
        "a message was delivered again": 1,
        "a node came back": 1,
        "a reply was lost after the work was done": 1,
        "a request succeeded": 1,
        "two faults at once": 1,
    }


def test_a_power_cut_counts_when_it_hits_work() -> None:
    play = recording().call("order -> payment", "s-1", at=0.2, arrives=0.3).node("payment", "killed", at=0.4)
    assert reached(play)["a power cut hit work in progress"] == 1
    play = recording().call("order -> payment", "s-1", at=0.2, arrives=0.3).answered("payment", "s-1", at=0.35)
    assert "a power cut hit work in progress" not in reached(play.node("payment", "killed", at=0.4))


def test_only_what_is_possible_is_missed() -> None:
    def possible(**policy: Any) -> frozenset[str]:
        nodes = (node("payment", "payment"), node("order", "order", {"payment": policy}), load("POST order /api/orders", 1.0))
        return possible_in(Topology(nodes=nodes))

    assert "a breaker opened" not in possible()
    assert "a breaker opened" in possible(breaker={})
    assert "a call was tried again" in possible(retry={"attempts": 2})
    assert "a message was delivered again" in possible_in(Topology(nodes=(NodeSpec(name="b", kind="broker"),)))
