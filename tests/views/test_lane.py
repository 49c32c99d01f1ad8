from __future__ import annotations

from chaoscli.events import LinkCounted
from chaoscli.messages import Result
from chaoscli.views.lane import LaneWatch
from chaoscli.views.scene import Band, Column, Harm, Hop, HopColumn, Lane, Mark, Stage, Tally
from tests.support.recordings import Play, recording
from tests.views import plays


def lane_of(play: Play, now: float, columns: int = 5) -> Lane:
    watch = LaneWatch(play.name, columns)
    for event in play.events:
        watch.feed(event)
    return watch.lane(now)


def test_a_lane_sorts_requests_into_columns_by_their_intended_start() -> None:
    # Ten seconds in five columns: two seconds each. 1.9 s belongs to the first although it was sent in the second.
    play = recording("one").curtain(10, links=("shoppers -> order",))
    play.request(at=0.5, took=0.1).request(at=1.9, took=0.3, late=0.2).request(at=4.0, took=1.0, result="timeout")
    play.request(at=5.0, took=0.2).request(at=9.9, took=0.4, result="fallback")

    lane = lane_of(play, now=10.5)

    assert lane == Lane(
        name="one",
        stage=Stage.DRAINING,
        columns=(
            Column(marks=(Mark(result=Result.OK, count=2, median_s=0.1, worst_s=0.3),)),
            Column(),
            Column(
                marks=(
                    Mark(result=Result.OK, count=1, median_s=0.2, worst_s=0.2),
                    Mark(result=Result.TIMEOUT, count=1, median_s=1.0, worst_s=1.0),
                )
            ),
            Column(),
            Column(marks=(Mark(result=Result.FALLBACK, count=1, median_s=0.4, worst_s=0.4),)),
        ),
        # Successes took 0.1, 0.2, 0.3 and 0.4: the second of four is the median.
        tally=Tally(requests=5, ended=5, success=0.8, p50_s=0.2, p99_s=0.4, timeouts=1, fallbacks=1),
        hops=(),
    )


def test_a_request_without_an_answer_hangs_and_grows_older_with_every_look() -> None:
    play = recording().curtain(10).request(at=1.0, took=0.1).request(at=1.5).request(at=1.25)
    watch = LaneWatch("default", 5)
    for event in play.events:
        watch.feed(event)

    first, second = watch.lane(now=2.0).columns[0], watch.lane(now=4.0).columns[0]

    assert (first.hanging, first.oldest_s, first.ended) == (2, 0.75, 1)
    assert (second.hanging, second.oldest_s, second.ended) == (2, 2.75, 1)


def test_calls_behind_the_first_link_become_hops_and_those_of_the_load_do_not() -> None:
    play = recording().curtain(10).request(at=1.0, took=0.5, name="r1")
    play.call("shoppers -> order", "r1", at=1.0, took=0.5)
    play.call("order -> inventory", "r1", at=1.1, took=0.3, result="timeout")
    play.call("order -> inventory", "r1", at=5.0, took=0.1, attempt=2)
    play.call("order -> inventory", "r1", at=9.0, attempt=3)

    lane = lane_of(play, now=9.5)

    assert lane.hops == (
        Hop(
            link="order -> inventory",
            columns=(
                HopColumn(calls=1, failed=1),
                HopColumn(),
                HopColumn(calls=1, median_s=0.1),
                HopColumn(),
                HopColumn(calls=1, hanging=1),
            ),
            calls=3,
            failed=1,
            timeouts=1,
            median_s=0.1,
        ),
    )
    assert (lane.tally.timeouts, lane.tally.calls_per_request) == (1, 3.0)


def test_two_calls_of_one_request_to_one_neighbour_at_once_are_both_counted() -> None:
    play = recording().curtain(10).request(at=1.0, name="r1")
    play.call("order -> inventory", "r1", at=1.0).call("order -> inventory", "r1", at=1.1)

    assert lane_of(play, now=2.0).hops[0].columns[0] == HopColumn(calls=2, hanging=2)


def test_calls_of_the_drain_are_counted_but_have_no_place_on_the_axis() -> None:
    play = recording().curtain(10).request(at=9.9, name="r1")
    play.call("order -> inventory", "r1", at=9.9, took=0.3, result="timeout").call("order -> inventory", "r1", at=10.2, took=0.1)

    hop = lane_of(play, now=11.0).hops[0]

    assert hop.columns[-1] == HopColumn(calls=1, failed=1)
    assert (hop.calls, hop.failed, hop.median_s) == (2, 1, 0.1)


def test_faults_that_overlap_stand_on_rows_of_their_own_and_a_row_is_used_again() -> None:
    play = recording().curtain(10)
    play.fault("one", at=1, until=4).fault("two", at=3, until=6).fault("three", at=5, until=7).fault("four", at=8)

    assert lane_of(play, now=9).bands == (
        Band(fault="one", text="one", start_s=1, end_s=4, row=0, healed=True),
        Band(fault="two", text="two", start_s=3, end_s=6, row=1, healed=True),
        Band(fault="three", text="three", start_s=5, end_s=7, row=0, healed=True),
        Band(fault="four", text="four", start_s=8, end_s=None, row=0, healed=False),
    )


def test_a_lane_tells_how_far_its_play_is() -> None:
    play = recording()
    assert lane_of(play, now=-1.0).stage is Stage.WAITING
    play.node("order", "starting", at=-0.5).node("order", "ready", at=-0.2)
    assert (lane_of(play, now=-0.1).stage, lane_of(play, now=-0.1).nodes) == (Stage.STARTING, (("order", "ready"),))
    play.curtain(10)
    assert lane_of(play, now=5).stage is Stage.PLAYING
    assert lane_of(play, now=10.5).stage is Stage.DRAINING
    assert lane_of(play.fell(10.7), now=10.8).stage is Stage.OVER
    assert lane_of(recording().curtain(10).fell(3, complete=False), now=3).stage is Stage.INTERRUPTED


def test_reading_event_by_event_ends_where_reading_all_at_once_does() -> None:
    for name, record in plays.retries().variants.items():
        stepwise, at_once = LaneWatch(name, 30), LaneWatch(name, 30)
        for number, event in enumerate(record.events):
            stepwise.feed(event)
            if number % 50 == 0:
                stepwise.lane(event.at)
        for event in record.events:
            at_once.feed(event)
        assert stepwise.lane(13.0) == at_once.lane(13.0)


def test_harm_is_counted_when_it_is_done_and_what_the_drain_brings_only_in_all() -> None:
    play = recording().curtain(10)
    for request, at in (("r1", 1.0), ("r1", 2.5), ("r1", 3.0), ("r2", 3.5), ("r3", 9.0), ("r3", 10.5)):
        play.happened("payment", "charged", request, at=at)
    play.happened("payment", "charge repeated", "r2", at=5.0).happened("b", "newer write lost", "w1", at=9.5)

    assert lane_of(play, now=11).harms == (
        Harm(name="paid twice", columns=(0, 2, 0, 0, 0), count=3),
        Harm(name="writes lost", columns=(0, 0, 0, 0, 1), count=1),
    )


def test_of_a_caller_that_tells_nothing_the_proxy_counts_what_passed() -> None:
    """A program of the user's calls two others; how its calls went, only it knows."""
    watch = LaneWatch("own", 5)
    for event in recording("own").curtain(10, links=("shop -> inventory", "shop -> db", "shop -> cache")).events:
        watch.feed(event)
    for link, requests in (("shop -> inventory", 24), ("shop -> db", 0)):
        watch.feed(LinkCounted(at=3.0, link=link, connections=3, open=1, bytes_request=9, bytes_reply=9, requests=requests))
    assert [hop.passed for hop in watch.lane(now=5.0).hops] == ["24 requests", "3 connections", ""]
