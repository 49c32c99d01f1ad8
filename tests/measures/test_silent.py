"""A program that is not ours tells nobody of its calls: "none" would be a claim, and a wrong one."""

from __future__ import annotations

import pytest

from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link
from tests.support.recordings import Play, recording

TO_DB, FROM_DB, OURS = Link("order", "db"), Link("db", "disk"), Link("shoppers", "order")


@pytest.fixture
def play() -> Play:
    """Order calls a database of the user's own, which calls something in its turn, and nobody hears of either."""
    play = recording().curtain(10, foreign=("db",)).request(at=1, took=0.2, name="s-1")
    return play.call("shoppers -> order", "s-1", at=1, took=0.2).call("order -> db", "s-1", at=1.1, took=0.1, arrives=None)


@pytest.mark.parametrize(
    ("name", "scope", "says"),
    [
        ("calls", Scope(link=TO_DB), "is sent"),
        ("calls", Scope(node="db"), "is sent"),
        ("peak", Scope(link=TO_DB), "is sent"),
        ("amplification", Scope(link=TO_DB), "is sent"),
        ("requests", Scope(node="db"), "is sent"),
        ("attempts", Scope(link=FROM_DB), "sends"),
        ("retries", Scope(link=FROM_DB), "sends"),
        ("amplification", Scope(link=FROM_DB), "sends"),
        ("timeouts", Scope(link=FROM_DB), "sends"),
        ("p99", Scope(link=FROM_DB), "sends"),
        ("hedges", Scope(link=FROM_DB), "sends"),
        ("fallbacks", Scope(link=FROM_DB), "sends"),
        ("breaker_open", Scope(link=FROM_DB), "sends"),
        ("from_future", Scope(link=TO_DB), "is sent"),
        ("turned_away", Scope(node="db"), "is sent"),
    ],
)
def test_what_only_it_could_tell_is_no_data(play: Play, name: str, scope: Scope, says: str) -> None:
    with pytest.raises(NoData, match=f"'db' is a program of your own, and tells nobody what it {says}"):
        MEASURES[name].compute(play, scope)


def test_what_its_caller_tells_is_measured(play: Play) -> None:
    told = {name: MEASURES[name].read(play, Scope(link=TO_DB)) for name in ("attempts", "success", "p50", "timeouts")}
    assert told == {"attempts": 1, "success": 1.0, "p50": 0.1, "timeouts": 0}


def test_the_largest_of_all_links_is_that_of_those_who_tell(play: Play) -> None:
    assert MEASURES["amplification"].read(play) == 1.0
    assert MEASURES["peak"].read(play) == 1.0


def test_of_services_of_ours_that_nobody_called_it_is_none() -> None:
    assert MEASURES["calls"].read(recording().curtain(10), Scope(node="inventory")) == 0
