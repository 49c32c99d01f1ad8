"""A move: shares by the clock, counted from the first question; differences send it back, if they are counted."""

from __future__ import annotations

import pytest

from chaoscli.faults.base import BadSetting
from chaoscli.services.moving import Move, Mover

GENTLY = Move(to="new", begins=2.0, every=1.0, steps=(0.05, 0.5, 1.0), compare=True, roll_back_after=2)


def shares(mover: Mover, *instants: float) -> list[float]:
    return [mover.share(at) for at in instants]


def test_shares_grow_by_the_clock_from_the_first_question_on_and_the_last_one_stays() -> None:
    # The first question at 10: it begins at 12, and each step lasts a second.
    assert shares(Mover(GENTLY), 10.0, 11.9, 12.0, 12.9, 13.0, 14.0, 99.0) == [0.0, 0.0, 0.05, 0.05, 0.5, 1.0, 1.0]


def test_all_at_once_is_one_step() -> None:
    assert shares(Mover(Move(to="new")), 10.0, 20.0) == [1.0, 1.0]


def test_one_difference_too_many_sends_everybody_back_and_is_told_once() -> None:
    mover = Mover(GENTLY)
    mover.share(0.0)
    assert (mover.share(3.5), mover.differed(), mover.share(3.5)) == (0.5, False, 0.5)
    assert (mover.differed(), mover.share(3.5), mover.share(99.0)) == (True, 0.0, 0.0)
    assert mover.differed() is False


def test_without_a_limit_differences_are_only_told() -> None:
    mover = Mover(Move(to="new", compare=True))
    assert [mover.differed() for _ in range(100)] == [False] * 100


def test_what_is_moved_whole_is_compared_no_more() -> None:
    assert [Mover(GENTLY).compares(share) for share in (0.05, 0.99, 1.0)] == [True, True, False]
    assert Mover(Move(to="new")).compares(0.5) is False


@pytest.mark.parametrize(
    ("written", "field"),
    [({"path": "api"}, "path"), ({"steps": ()}, "steps"), ({"every": 0.0}, "every"), ({"roll_back_after": 3}, "roll_back_after")],
)
def test_what_cannot_be_meant_is_refused(written: dict[str, object], field: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Move(to="new", **written)  # type: ignore[arg-type]
    assert caught.value.field == field
