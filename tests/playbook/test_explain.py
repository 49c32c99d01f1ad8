"""What a playbook is about can be told before it is played: what happens when, and what differs."""

from __future__ import annotations

from chaoscli.playbook.explain import Difference, Drawing, Explanation, Moment, Part, explain
from chaoscli.services.catalogue import KINDS
from tests.playbook.texts import read


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
        drawings=(Drawing(lines=("shoppers ──> order ──> inventory",)),),
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


def test_variants_that_are_wired_differently_have_a_drawing_each() -> None:
    playbook = read(
        """\
variants:
  chain: {}
  again: { order.workers: 2 }
  alone: { order.calls.inventory: none }
"""
    )
    about = explain(playbook)
    assert about.drawings == (
        Drawing(lines=("shoppers ──> order ──> inventory",), only_in=("chain", "again")),
        Drawing(lines=("shoppers ──> order", "inventory"), only_in=("alone",)),
    )
    assert [part.name for part in about.parts] == ["inventory", "order", "shoppers"]
