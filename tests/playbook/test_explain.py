"""What a playbook is about can be told before it is played: who calls whom, what happens when, what differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoscli.playbook.explain import Difference, Explanation, Moment, Part, diagram, explain
from chaoscli.services.catalogue import KINDS
from chaoscli.topology import NodeSpec, Topology
from tests.playbook.texts import read


def shop(**calls: str) -> Topology:
    """``order="inventory payment"``; whoever ends in 's' is a load."""
    return Topology(
        nodes=tuple(
            NodeSpec(name=name, kind="load" if name.endswith("s") else "hop", calls={callee: {} for callee in callees.split()})
            for name, callees in calls.items()
        )
    )


def drawn(topology: Topology) -> str:
    return "\n".join(diagram(topology))


def test_a_chain_is_one_line() -> None:
    assert drawn(shop(inventory="", order="inventory", shoppers="order")) == "shoppers ──> order ──> inventory"


def test_several_callees_branch_under_their_caller() -> None:
    assert drawn(shop(shoppers="order", order="inventory payment user", payment="bank", inventory="", user="", bank="")) == (
        """\
shoppers ──> order ─┬─> inventory
                    ├─> payment ──> bank
                    └─> user"""
    )


def test_a_branch_of_a_branch_hangs_under_its_own_column() -> None:
    assert drawn(shop(shoppers="a", a="b e", b="c d", c="", d="", e="")) == (
        """\
shoppers ──> a ─┬─> b ─┬─> c
                │      └─> d
                └─> e"""
    )


def test_what_was_drawn_before_is_only_named_again() -> None:
    assert drawn(shop(shoppers="a", bots="a b", a="c", b="a", c="")) == (
        """\
shoppers ──> a ──> c
bots ─┬─> [a]
      └─> b ──> [a]"""
    )


def test_a_ring_is_drawn_once_around() -> None:
    assert drawn(shop(a="b", b="a")) == "a ──> b ──> [a]"


def test_who_neither_calls_nor_is_called_is_there_all_the_same() -> None:
    assert drawn(shop(shoppers="a", a="", alone="")) == "shoppers ──> a\nalone"


def test_a_ring_beside_the_others_is_not_forgotten() -> None:
    assert drawn(shop(shoppers="a", a="", b="c", c="b")) == "shoppers ──> a\nb ──> c ──> [b]"


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=1))
def test_every_node_of_any_topology_is_drawn(calls: dict[str, list[str]]) -> None:
    known = {name: " ".join(callee for callee in callees if callee in calls) for name, callees in calls.items()}
    words = drawn(shop(**known)).replace("[", " ").replace("]", " ").split()
    assert set(known) <= set(words)


def test_an_explanation_says_everything_there_is_to_say() -> None:
    playbook = read(
        """\
title: What it shows
group: The pitfalls
teaches: [one]
lesson: Watch.
notice: There.
next: partition
variants:
  calm: { summary: nothing happens, faults.cut: none }
  rough: { order.workers: 2 }
faults:
  - { slow: inventory, by: 4x, at: 3s, for: 2s }
  - { name: cut, partition: [[order], [inventory]], at: 1s }
expect:
  - rough: success > 50%
"""
    )
    assert explain(playbook) == Explanation(
        name="small",
        title="What it shows",
        group="The pitfalls",
        teaches=("one",),
        lesson="Watch.",
        diagram=("shoppers ──> order ──> inventory",),
        parts=(
            Part(name="inventory", kind="inventory", doc=KINDS["inventory"].doc),
            Part(name="order", kind="order", doc=KINDS["order"].doc),
            Part(name="shoppers", kind="load", doc="offers load: POST order /api/orders"),
        ),
        lasts_s=10.0,
        timeline=(
            Moment(
                at_s=1.0, until_s=None, name="cut", text="partition order | inventory, silence", targets=("order -> inventory",),
                only_in=("rough",),
            ),
            Moment(at_s=3.0, until_s=5.0, name="slow", text="slow 4x", targets=("inventory",)),
        ),
        variants=(
            Difference(name="calm", summary="nothing happens", changes=("faults.cut: none",)),
            Difference(name="rough", summary="", changes=("order.workers: 2",)),
        ),
        parameters=(),
        expectations=("rough: success > 50%",),
        notice="There.",
        next="partition",
    )  # fmt: skip
