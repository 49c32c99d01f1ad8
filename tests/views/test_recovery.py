from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoscli.events import CurtainRose, FaultHealed, FaultInjected, RequestEnded, RequestStarted
from chaoscli.measures.catalogue import MEASURES
from chaoscli.views.recovery import RecoveryWatch
from tests.support.recordings import Play, recording

# What became of one request: how long it took, and whether it went well.
_FATES = st.lists(
    st.sampled_from([(0.01, "ok"), (0.01, "ok"), (0.01, "ok"), (0.4, "ok"), (0.02, "failed")]), min_size=70, max_size=70
)


def recoveries(play: Play) -> list[tuple[float, float]]:
    """As a live view would find them: with a look after every event."""
    watch = RecoveryWatch()
    found: list[tuple[float, float]] = []
    for event in sorted(play.events, key=lambda one: one.at):
        if isinstance(event, CurtainRose | FaultInjected | FaultHealed | RequestStarted | RequestEnded):
            watch.feed(event)
        found += watch.found(event.at)
    return [*found, *watch.found(play.lasts_s + 5)]


def test_a_variant_is_well_again_from_the_first_second_that_is_well_throughout() -> None:
    # Ten a second; ill during the fault, and until 4.5 s after it.
    play = recording().curtain(10).fault("slow", at=2, until=4)
    play.requests(since=0, until=2, rate=10, took=0.01).requests(since=2, until=4.5, rate=10, took=0.5, result="failed")
    play.requests(since=4.5, until=10, rate=10, took=0.01)

    assert recoveries(play) == [(4.0, 4.5)]


def test_a_variant_that_was_never_ill_does_not_recover() -> None:
    play = recording().curtain(10).fault("slow", at=2, until=4).requests(since=0, until=10, rate=10, took=0.01)

    assert recoveries(play) == []


def test_nothing_is_told_while_a_request_of_that_second_still_waits() -> None:
    play = recording().curtain(10).fault("slow", at=2, until=4)
    play.requests(since=0, until=2, rate=10, took=0.01).requests(since=2, until=4, rate=10, took=0.5, result="failed")
    play.request(at=4.2).requests(since=4.25, until=10, rate=10, took=0.01)

    assert recoveries(play) == []


def test_events_of_other_processes_may_come_before_the_heal_they_follow() -> None:
    play = recording().curtain(10).requests(since=0, until=2, rate=10, took=0.01)
    play.requests(since=2, until=4.3, rate=10, took=0.5, result="failed").requests(since=4.3, until=10, rate=10, took=0.01)
    early = recording().tell(*play.events[:1]).fault("slow", at=2)
    watch = RecoveryWatch()
    for event in [*early.events, *play.events[1:], FaultHealed(at=4.0, fault="slow", asked_at=4.0)]:
        assert isinstance(event, CurtainRose | FaultInjected | FaultHealed | RequestStarted | RequestEnded)
        watch.feed(event)

    assert [(healed, round(at, 6)) for healed, at in watch.found(15.0)] == [(4.0, 4.3)]


@settings(max_examples=60, deadline=None)
@given(fates=_FATES)
def test_what_is_told_is_the_measure_of_that_name(fates: list[tuple[float, str]]) -> None:
    play = recording().curtain(10).fault("slow", at=2, until=3).requests(since=0, until=2, rate=10, took=0.01)
    play.requests(since=2, until=3, rate=10, took=0.5, result="failed")
    for number, (took, result) in enumerate(fates):
        play.request(at=3.05 + number / 10, took=took, result=result)

    measured = MEASURES["recovery"].read(play)

    told = recoveries(play)
    assert measured is not None
    if math.isinf(measured):
        assert told == []
    else:
        assert [round(at - healed, 6) for healed, at in told] == [round(measured, 6)]
    assert all(one <= other for one, other in pairwise(told))
