from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.resilience.waiting_line import Discipline, WaitingLine


@dataclass(frozen=True)
class Guest:
    name: str
    expires_at: float = math.inf


def line(*guests: Guest, length: int = 9, discipline: Discipline = "fifo", drops: bool = False) -> WaitingLine[Guest]:
    made = WaitingLine[Guest](length, discipline, drops_expired=drops)
    for guest in guests:
        made.join(guest)
    return made


def names(guests: Sequence[Guest | None]) -> str:
    return "".join(guest.name if guest else "-" for guest in guests)


A, B, C, D = (Guest(name) for name in "ABCD")


@pytest.mark.parametrize(("discipline", "served"), [("fifo", "ABC-"), ("lifo", "CBA-")])
def test_the_first_is_served_first_or_the_last(discipline: Discipline, served: str) -> None:
    waiting = line(A, B, C, discipline=discipline)

    assert names([waiting.next() for _ in range(4)]) == served


@pytest.mark.parametrize(("discipline", "gone", "left"), [("fifo", "C", "AB"), ("lifo", "A", "CB")])
def test_a_full_line_has_no_place_for_the_newest_or_drops_its_oldest(discipline: Discipline, gone: str, left: str) -> None:
    waiting = line(A, B, length=2, discipline=discipline)

    assert names([waiting.join(C)]) == gone
    assert names([waiting.next(), waiting.next()]) == left


@pytest.mark.parametrize("discipline", ["fifo", "lifo"])
def test_a_line_of_no_length_has_a_place_for_nobody(discipline: Discipline) -> None:
    waiting = line(length=0, discipline=discipline)

    assert (waiting.join(A), len(waiting)) == (A, 0)


def test_who_leaves_is_not_called() -> None:
    waiting = line(A, B, C)

    assert [waiting.leave(B), waiting.leave(B), waiting.leave(D)] == [True, False, False]
    assert names([waiting.next(), waiting.next(), waiting.next()]) == "AC-"


def test_those_whose_time_is_over_leave_if_that_is_heeded() -> None:
    guests = (Guest("A", 1.0), Guest("B"), Guest("C", 2.0))
    heeding, deaf = line(*guests, drops=True), line(*guests)

    assert [names(heeding.expired(now)) for now in (0.9, 1.0, 1.9, 5.0)] == ["", "A", "", "C"]
    assert (names(deaf.expired(5.0)), len(deaf), len(heeding)) == ("", 3, 1)


@given(
    st.integers(0, 5),
    st.sampled_from(["fifo", "lifo"]),
    st.lists(st.sampled_from(["join", "next", "leave", "expire"]), max_size=60),
)
def test_everyone_who_joined_goes_exactly_one_way(length: int, discipline: Discipline, steps: list[str]) -> None:
    waiting, joined, gone = line(length=length, discipline=discipline, drops=True), [], []
    for number, step in enumerate(steps):
        if step == "join":
            guest = Guest(str(number), expires_at=number + 7.0)
            joined.append(guest)
            gone += [one for one in [waiting.join(guest)] if one is not None]
        elif step == "next":
            gone += [one for one in [waiting.next()] if one is not None]
        elif step == "leave" and joined and waiting.leave(joined[-1]):
            gone.append(joined[-1])
        elif step == "expire":
            gone += waiting.expired(float(number))
        assert len(waiting) <= length
    while (guest_left := waiting.next()) is not None:
        gone.append(guest_left)

    assert sorted(gone, key=lambda one: int(one.name)) == joined
