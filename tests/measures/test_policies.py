"""What policies did: copies, calls never made, answers kept, breakers open, work dropped."""

from __future__ import annotations

import pytest

from chaoscli.events import HUNG_UP, BreakerChanged, CacheServed, CallHedged, CallRejected, Refused
from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link
from tests.support.recordings import Play, recording

STOCK = Link("order", "inventory")
OTHER = Link("order", "payment")


def read(play: Play, name: str, **scope: object) -> float | None:
    return MEASURES[name].read(play, Scope(**scope))  # type: ignore[arg-type]


def breaker(play: Play, *changes: tuple[float, str], link: Link = STOCK) -> Play:
    return play.tell(*(BreakerChanged(at=at, caller=link.caller, callee=link.callee, state=state) for at, state in changes))


def busy_policies() -> Play:
    play = recording().curtain(10).fault("slow", at=4, until=6)
    for at in (1, 5):
        play.tell(CallHedged(at=at, caller="order", callee="inventory", request="r1", attempt=2, after_s=0.1))
    play.tell(
        CallRejected(at=5, caller="order", callee="inventory", request="r1", attempt=1, reason="breaker open"),
        CacheServed(at=5, caller="order", callee="inventory", request="r1", age_s=0.5),
    )
    play.refused("inventory", "r1", at=5, reason="expired").refused("inventory", "r2", at=5)
    return play


@pytest.mark.parametrize(("name", "in_all", "during"), [("hedges", 2, 1), ("rejected", 1, 1), ("cached", 1, 1)])
def test_what_a_callers_policy_did_is_counted_by_link_and_window(name: str, in_all: int, during: int) -> None:
    play = busy_policies()

    assert (read(play, name), read(play, name, link=STOCK), read(play, name, link=OTHER)) == (in_all, in_all, 0)
    assert read(play, name, link=STOCK, window=Window("during", "slow")) == during


def test_what_was_given_up_was_neither_turned_away_nor_answered() -> None:
    play = recording().curtain(10).refused("inventory", "r1", at=5, reason=HUNG_UP).refused("inventory", "r2", at=5)
    assert [read(play, name, node="inventory") for name in ("abandoned", "turned_away", "requests")] == [1, 1, 1]
    assert read(play, "abandoned", node="order") == 0


def test_what_expired_is_told_from_what_found_no_place() -> None:
    play = busy_policies()

    assert [read(play, name, node="inventory") for name in ("expired", "turned_away")] == [1, 2]
    assert read(play, "expired", node="order") == 0


def test_a_breaker_is_open_until_its_trials_go_out() -> None:
    # open from 2 to 4 and, its trials failing, from 4.5 to 6.5: 4 of 10 seconds
    play = breaker(recording().curtain(10), (2, "open"), (4, "half-open"), (4.5, "open"), (6.5, "half-open"), (7, "closed"))

    assert read(play, "breaker_open", link=STOCK) == pytest.approx(0.4)
    assert read(play, "breaker_open", link=OTHER) == 0
    assert read(play, "breaker_open") == pytest.approx(0.4)


def test_a_breaker_that_never_closes_is_open_to_the_end_of_the_load() -> None:
    play = breaker(recording().curtain(10).fault("cut", at=6, until=8), (6.5, "open"))

    assert read(play, "breaker_open", link=STOCK) == pytest.approx(0.35)
    assert read(play, "breaker_open", link=STOCK, window=Window("during", "cut")) == pytest.approx(0.75)  # 1.5 of 2 seconds
    assert read(play, "breaker_open", link=STOCK, window=Window("after", "cut")) == 1.0
    assert read(breaker(recording().curtain(10), (10.5, "open")), "breaker_open", link=STOCK) == 0  # in the drain


def test_without_a_link_it_is_the_one_open_longest() -> None:
    play = breaker(breaker(recording().curtain(10), (2, "open"), (3, "closed")), (5, "open"), link=OTHER)

    assert read(play, "breaker_open") == pytest.approx(0.5)


def test_where_no_breaker_ever_opened_the_share_is_nothing() -> None:
    assert read(recording().curtain(10), "breaker_open", link=STOCK) == 0


def test_a_copy_that_nobody_waited_for_tells_nothing_of_its_callee() -> None:
    play = recording().curtain(10).call("order -> inventory", "r1", at=1, took=0.3, result="cancelled")
    play.call("order -> inventory", "r1", at=1.1, took=0.1, attempt=2).fell(11)

    assert read(play, "success", link=STOCK) == 1.0
    assert read(play, "throughput", link=STOCK) == pytest.approx(0.1)
    assert read(play, "attempts", link=STOCK) == 2


def test_a_request_dropped_from_the_line_had_waited() -> None:
    play = recording().curtain(10)
    play.tell(Refused(at=5, node="inventory", caller="order", request="r1", attempt=1, reason="expired", queued_s=0.4))

    assert read(play, "slowest", node="inventory") == 0.4
