"""A partition cuts what runs between its groups, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import ByteFault, Direction
from chaoscli.faults.partition import Partition, cut
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.silence import Silence
from chaoscli.topology import Link

REQUEST, REPLY = Direction.REQUEST, Direction.REPLY
SHOPPERS, STOCK, MONEY, BACK = (
    Link("shoppers", "order"),
    Link("order", "inventory"),
    Link("order", "payment"),
    Link("payment", "order"),
)
LINKS = (SHOPPERS, STOCK, MONEY, BACK)


def test_both_directions_between_two_groups_are_cut() -> None:
    assert cut([["order"], ["inventory"]], LINKS, one_way=False) == [(STOCK, REQUEST), (STOCK, REPLY)]


def test_members_of_one_group_still_reach_each_other_and_nodes_of_no_group_everyone() -> None:
    severed = cut([["order", "payment"], ["inventory"]], LINKS, one_way=False)
    assert severed == [(STOCK, REQUEST), (STOCK, REPLY)]


def test_one_way_what_travels_from_the_first_group_to_the_second_is_lost() -> None:
    # From order to payment: its requests on one link, and its replies on the link the other way.
    assert cut([["order"], ["payment"]], LINKS, one_way=True) == [(MONEY, REQUEST), (BACK, REPLY)]
    assert cut([["payment"], ["order"]], LINKS, one_way=True) == [(MONEY, REPLY), (BACK, REQUEST)]


def test_three_groups_are_cut_from_one_another() -> None:
    severed = cut([["order"], ["inventory"], ["payment"]], LINKS, one_way=False)
    assert {link for link, _ in severed} == {STOCK, MONEY, BACK}


def test_a_node_in_two_groups_reaches_both() -> None:
    # Two halves that meet in order: inventory and payment no longer reach each other, order reaches both.
    audit = Link("payment", "inventory")
    assert cut([["order", "inventory"], ["order", "payment"]], (*LINKS, audit), one_way=False) == [
        (audit, REQUEST),
        (audit, REPLY),
    ]


names = st.sampled_from(["a", "b", "c", "d", "e"])
groupings = st.lists(st.lists(names, max_size=4), max_size=4)
nets = st.lists(st.builds(Link, names, names), max_size=10, unique=True)


@given(groups=groupings, links=nets)
def test_two_ways_is_one_way_and_the_other_for_two_groups(groups: Sequence[Sequence[str]], links: Sequence[Link]) -> None:
    pair = groups[:2]
    there, back = cut(pair, links, one_way=True), cut(pair[::-1], links, one_way=True)
    assert set(cut(pair, links, one_way=False)) == set(there) | set(back)
    assert not set(there) & set(back)


@given(groups=groupings, links=nets)
def test_without_one_way_a_link_is_cut_in_both_directions_or_in_none(
    groups: Sequence[Sequence[str]], links: Sequence[Link]
) -> None:
    severed = cut(groups, links, one_way=False)
    assert {link for link, way in severed if way is REQUEST} == {link for link, way in severed if way is REPLY}


@pytest.mark.parametrize(
    ("partition", "fault", "words"),
    [
        (Partition(), Silence(), "partition, silence"),
        (Partition(mode="refuse"), Refuse(), "partition, refuse"),
        (Partition(mode="reset", one_way=True), ResetConnections(), "partition, reset, one way"),
    ],
)
def test_its_mode_says_what_the_cut_links_suffer(partition: Partition, fault: ByteFault, words: str) -> None:
    assert (partition.fault, partition.words()) == (fault, words)
