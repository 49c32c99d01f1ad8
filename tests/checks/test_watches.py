"""Laws that are watched fact by fact find broken what their judges find broken, and name the fact."""

from __future__ import annotations

from random import Random

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from tests.support.recordings import Play, recording

WATCHED = [name for name, law in INVARIANTS.items() if law.watch is not None]


def any_shop(dice: Random) -> Play:
    """An inventory that is sometimes wrong about what is left, and gives away or takes back under few keys."""
    play = recording()
    left = dice.randint(1, 4)
    play.happened("inventory", "stocked", at=0, product="BOOK", quantity=left)
    for number in range(dice.randint(0, 6)):
        what, change = dice.choice((("stock reserved", -1), ("stock reserved", -1), ("stock released", 1)))
        left += change + (dice.random() < 0.1)
        key = dice.choice(("", f"key-{number}", "key-0"))
        told = {"key": key} if key else {}
        play.happened("inventory", what, f"s-{number}", at=number, product="BOOK", quantity=1, left=left, **told)
    return play


@pytest.mark.parametrize("name", WATCHED)
def test_a_watch_breaks_exactly_when_the_judge_finds_somebody_guilty_and_in_his_fact(name: str) -> None:
    law, dice, broken = INVARIANTS[name], Random(name), 0
    assert law.watch is not None
    for _ in range(300):
        play = any_shop(dice)
        breaks = law.watch()
        guilty = [fact.request for fact in play.of(Happened) if breaks(fact)]
        try:
            judged = list(law.judge(play).guilty)
        except NoData:
            judged = []
        assert guilty == judged
        broken += bool(guilty)
    assert 20 < broken < 280


def test_the_laws_that_no_later_fact_can_mend_are_watched() -> None:
    assert WATCHED == ["no oversell", "stock conserved", "one effect per key"]
