"""Who calls whom, drawn: across where there is room, downwards where there is not, in layers where nobody could follow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoscli.playbook.diagram import MOST_LINES, diagram
from chaoscli.topology import NodeSpec, Topology


def topology(**calls: str) -> Topology:
    """``order="inventory payment"``; whoever ends in 's' is a load."""
    return Topology(
        nodes=tuple(
            NodeSpec(name=name, kind="load" if name.endswith("s") else "hop", calls={callee: {} for callee in callees.split()})
            for name, callees in calls.items()
        )
    )


def drawn(of: Topology) -> str:
    return "\n".join(diagram(of))


def test_a_chain_is_one_line() -> None:
    assert drawn(topology(inventory="", order="inventory", shoppers="order")) == "shoppers ──> order ──> inventory"


def test_several_callees_branch_under_their_caller() -> None:
    assert drawn(topology(shoppers="order", order="inventory payment user", payment="bank", inventory="", user="", bank="")) == (
        """\
shoppers ──> order ─┬─> inventory
                    ├─> payment ──> bank
                    └─> user"""
    )


def test_a_branch_of_a_branch_hangs_under_its_own_column() -> None:
    assert drawn(topology(shoppers="a", a="b e", b="c d", c="", d="", e="")) == (
        """\
shoppers ──> a ─┬─> b ─┬─> c
                │      └─> d
                └─> e"""
    )


def test_what_was_drawn_before_is_only_named_again() -> None:
    assert drawn(topology(shoppers="a", bots="a b", a="c", b="a", c="")) == (
        """\
shoppers ──> a ──> c
bots ─┬─> [a]
      └─> b ──> [a]"""
    )


def test_a_ring_is_drawn_once_around() -> None:
    assert drawn(topology(a="b", b="a")) == "a ──> b ──> [a]"


def test_who_neither_calls_nor_is_called_is_there_all_the_same() -> None:
    assert drawn(topology(shoppers="a", a="", alone="")) == "shoppers ──> a\nalone"


def test_a_ring_beside_the_others_is_not_forgotten() -> None:
    assert drawn(topology(shoppers="a", a="", b="c", c="b")) == "shoppers ──> a\nb ──> c ──> [b]"


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=3), min_size=1))
def test_every_node_of_any_small_topology_is_drawn(calls: dict[str, list[str]]) -> None:
    known = {name: " ".join(callee for callee in callees if callee in calls) for name, callees in calls.items()}
    words = drawn(topology(**known)).replace("[", " ").replace("]", " ").split()
    assert set(known) <= set(words)


def test_a_long_chain_grows_downwards() -> None:
    names = [f"a-service-of-number-{number}" for number in range(4)]
    calls = dict(zip(names, [*names[1:], ""], strict=True))
    assert drawn(topology(shoppers=names[0], **calls)) == (
        """\
shoppers
└─> a-service-of-number-0
    └─> a-service-of-number-1
        └─> a-service-of-number-2
            └─> a-service-of-number-3"""
    )


def test_branches_that_grow_downwards_keep_their_stems() -> None:
    long = "a-service-with-a-rather-long-name"
    assert drawn(topology(**{"s": f"{long}-1 {long}-2", f"{long}-1": f"{long}-3", f"{long}-2": "", f"{long}-3": ""})) == (
        f"""\
s
├─> {long}-1
│   └─> {long}-3
└─> {long}-2"""
    )


def test_hundreds_of_services_are_summed_up_by_their_distance() -> None:
    middle = {f"middle-{number}": " ".join(f"leaf-{number * 10 + one}" for one in range(10)) for number in range(40)}
    leaves = {f"leaf-{number}": "" for number in range(400)}
    lines = diagram(topology(viewers="gateway", gateway=" ".join(middle), **middle, **leaves, stray="", lost=""))
    assert lines == (
        "viewers",
        "└─> gateway",
        "    └─> 40 services: middle-*",
        "        └─> 400 services: leaf-*",
        "stray, lost, which nobody calls",
    )


def test_many_services_of_many_names_are_told_by_the_first_and_the_last() -> None:
    words = [f"{letter}{letter}" for letter in "abcdefghijklmnopqrtuvwxyz"] + [f"{letter}x" for letter in "bcdefghijklmn"]
    lines = diagram(topology(viewers=" ".join(words), **dict.fromkeys(words, "")))
    assert lines == ("viewers", "└─> 38 services: aa, bb, …, nx")


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_no_drawing_is_longer_than_a_screen_but_for_the_layers_of_a_chain(count: int, salt: int) -> None:
    names = [f"service-{number}" for number in range(count)]
    calls = {name: " ".join({names[(number * salt + one) % count] for one in (1, 3, 7)}) for number, name in enumerate(names)}
    assert len(diagram(topology(viewers=names[0], **calls))) <= max(MOST_LINES, count + 1)
