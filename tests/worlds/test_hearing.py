"""What children tell, in one time and one order."""

from __future__ import annotations

import time

from chaoscli.event_lines import to_fields
from chaoscli.events import CurtainRose, Event, Noted
from chaoscli.worlds.base import CURTAIN_DELAY_S
from chaoscli.worlds.hearing import Hearing

ROSE = CurtainRose(at=0.0, lasts_s=1.0, nodes=("order",), links=(), foreign=())


class Kept:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        self.events.append(event)


def noted(text: str, at: float) -> Noted:
    return Noted(at=at, source="order", text=text)


def test_what_was_told_too_early_stands_behind_the_curtain_in_its_own_time() -> None:
    kept = Kept()
    hearing = Hearing(kept)

    hearing.heard(to_fields(noted("warming up", at=99.5)))
    assert kept.events == []  # nobody knows yet which instant is zero
    hearing.begin(100.0, ROSE)
    hearing.heard(to_fields(noted("working", at=100.25)))

    assert kept.events == [ROSE, noted("warming up", at=-0.5), noted("working", at=0.25)]


def test_what_comes_after_the_curtain_fell_is_no_part_of_the_play() -> None:
    kept = Kept()
    hearing = Hearing(kept)
    hearing.begin(100.0, ROSE)

    hearing.close()
    hearing.heard(to_fields(noted("where is everybody?", at=101.0)))
    hearing.record(noted("our own", at=1.0))

    assert kept.events == [ROSE, noted("our own", at=1.0)]


def test_an_event_that_this_version_does_not_know_is_passed_over() -> None:
    kept = Kept()
    hearing = Hearing(kept)
    hearing.begin(100.0, ROSE)

    hearing.heard({"event": "of-tomorrow", "at": 100.5})

    assert kept.events == [ROSE]


def test_until_it_is_known_when_the_curtain_rises_time_stands_just_before() -> None:
    hearing = Hearing(Kept())
    assert hearing.now() == -CURTAIN_DELAY_S
    hearing.begin(time.monotonic() - 5.0, ROSE)
    assert hearing.now() >= 5.0
