from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.services.clocks import Kind, Stamp, stamps

KINDS: tuple[Kind, ...] = ("wall", "lamport", "hybrid")
LOGICAL: tuple[Kind, ...] = ("lamport", "hybrid")


def test_stamps_are_compared_by_wall_then_count_then_node() -> None:
    ordered = [Stamp(1, 9, "z"), Stamp(2, 0, "z"), Stamp(2, 1, "a"), Stamp(2, 1, "b"), Stamp(10, 0, "a")]
    assert all(earlier < later for earlier, later in pairwise(ordered))


@given(st.integers(0, 2**63), st.integers(0, 2**63), st.text(min_size=1))
def test_a_stamp_survives_its_trip_as_text(wall_us: int, count: int, node: str) -> None:
    stamp = Stamp(wall_us, count, node)
    assert Stamp.parse(str(stamp)) == stamp


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.", "-1.2.a", "1.x.a", "².1.a", "1.5e3.a"])
def test_what_is_no_stamp_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        Stamp.parse(text)


def test_a_wall_clock_that_is_behind_stamps_a_later_write_as_the_earlier() -> None:
    ahead, behind = stamps("wall", "ahead"), stamps("wall", "behind")
    first = ahead.stamp(1_000_150)
    behind.receive(first, 1_000_010)
    assert behind.stamp(1_000_020) < first


def test_lamport_counts_events_and_jumps_past_what_it_hears() -> None:
    clock = stamps("lamport", "a")
    seen = [clock.stamp(0).count, clock.stamp(0).count]
    clock.receive(Stamp(0, 7, "b"), 0)  # max(2, 7) + 1
    seen.append(clock.stamp(0).count)
    clock.receive(Stamp(0, 3, "b"), 0)  # max(9, 3) + 1
    seen.append(clock.stamp(0).count)
    assert seen == [1, 2, 9, 11]


def test_the_hybrid_clock_of_the_paper() -> None:
    # Kulkarni et al. 2014, figure 5: send or local, then the four cases of receiving.
    clock = stamps("hybrid", "a")
    assert clock.stamp(10) == Stamp(10, 0, "a")  # the wall has moved: counter 0
    assert clock.stamp(10) == Stamp(10, 1, "a")  # it stands still
    assert clock.stamp(9) == Stamp(10, 2, "a")  # it went back
    clock.receive(Stamp(10, 5, "b"), 9)  # same wall as ours: the larger counter, +1
    assert clock.stamp(9) == Stamp(10, 7, "a")
    clock.receive(Stamp(20, 3, "b"), 15)  # theirs is ahead of both: their counter, +1
    assert clock.stamp(15) == Stamp(20, 5, "a")
    clock.receive(Stamp(12, 9, "b"), 15)  # ours is ahead of both: our counter, +1
    assert clock.stamp(15) == Stamp(20, 7, "a")
    clock.receive(Stamp(25, 9, "b"), 30)  # the wall is ahead of both: counter 0
    assert clock.stamp(30) == Stamp(30, 1, "a")


# -- properties: two or three nodes, any walls, any messages -----------------------------------------------------------------

# (who acts, whom it sends to afterwards or nobody, what its wall clock shows)
HISTORIES = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c", ""]), st.integers(0, 1000)), min_size=1, max_size=40
)


@pytest.mark.parametrize("kind", LOGICAL)
@given(history=HISTORIES)
def test_what_happened_before_bears_the_smaller_stamp(kind: Kind, history: list[tuple[str, str, int]]) -> None:
    clocks = {name: stamps(kind, name) for name in "abc"}
    past: dict[str, set[Stamp]] = {name: set() for name in "abc"}  # all that a node has done or heard of
    for actor, hearer, wall_us in history:
        stamp = clocks[actor].stamp(wall_us)
        assert all(earlier < stamp for earlier in past[actor])
        past[actor].add(stamp)
        if hearer and hearer != actor:
            clocks[hearer].receive(stamp, wall_us)
            past[hearer] |= past[actor]


@given(HISTORIES)
def test_the_hybrid_clock_never_leaves_the_walls_it_has_heard_of(history: list[tuple[str, str, int]]) -> None:
    clocks = {name: stamps("hybrid", name) for name in "abc"}
    latest = 0
    for actor, hearer, wall_us in history:
        latest = max(latest, wall_us)
        stamp = clocks[actor].stamp(wall_us)
        assert wall_us <= stamp.wall_us <= latest
        if hearer and hearer != actor:
            clocks[hearer].receive(stamp, wall_us)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**53))
def test_a_stamp_bears_its_node(kind: Kind, wall_us: int) -> None:
    assert stamps(kind, "alice").stamp(wall_us).node == "alice"
