"""What was read before is not read again, unless there was something to say about it."""

from __future__ import annotations

from chaoscli.errors import Place
from chaoscli.playbook.nodes import Problems, ScalarNode
from chaoscli.playbook.read import read_playbook
from chaoscli.playbook.scene import Known

PLACE = Place(file="x.yaml", line=1, column=1, width=1, text="x")


def test_the_same_nodes_are_read_once_for_one_purpose() -> None:
    known, problems, reads = Known(), Problems(), list[str]()
    node, twin = ScalarNode(PLACE, "8"), ScalarNode(PLACE, "8")

    def read(purpose: str, one: ScalarNode) -> str:
        def made() -> str:
            reads.append(purpose)
            return f"{purpose}: {one.text}"

        return known.once(purpose, [one], made, problems)

    assert [read("workers", node), read("workers", node)] == ["workers: 8"] * 2
    assert reads == ["workers"]
    read("queue", node)  # another purpose
    read("workers", twin)  # equal, and written elsewhere
    assert reads == ["workers", "queue", "workers"]


def test_what_has_problems_is_read_by_each_who_is_to_be_told() -> None:
    known, problems = Known(), Problems()
    node = ScalarNode(PLACE, "eight")
    for who in ("order", "payment"):
        known.once("workers", [node], lambda who=who: problems.add(PLACE, f"'{who}' has no such thing"), problems)  # type: ignore[misc]
    assert [one.message for one in problems] == ["'order' has no such thing", "'payment' has no such thing"]


def test_variants_have_in_common_what_neither_changes_and_differ_in_what_one_does() -> None:
    text = """
playbook: x
services:
  inventory: { workers: 3 }
  order: { calls: { inventory: { timeout: 1s } } }
load: { us: { request: GET order / } }
variants:
  one: { summary: as it is }
  other: { order.calls.inventory.timeout: 2s }
lasts: 5s
"""
    one, other = (variant.topology for variant in read_playbook(text.encode(), "x.yaml").variants)
    assert one.node("inventory").settings is other.node("inventory").settings
    assert [topology.node("order").calls["inventory"]["timeout"] for topology in (one, other)] == [1.0, 2.0]
