"""A fault set anew in mid-connection: its new flow takes over what the old one held."""

from __future__ import annotations

import math
from random import Random

import pytest

from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import Action, ByteFault, Cut, Finish, Send
from chaoscli.faults.latency import Latency
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.reset_peer import ResetPeer
from chaoscli.faults.slicer import Slicer
from chaoscli.faults.slow_close import SlowClose
from chaoscli.faults.timeout import Timeout

NOW = 10.0


def taken_over(old: ByteFault, new: ByteFault, *chunks: tuple[float, bytes], ended_at: float | None = None) -> list[Action]:
    """What the new flow answers at 10 s, when the old one was shown these chunks; what it held is what was not due by then."""
    flow = old.flow(Random(1))
    said = [*flow.opened(0.0)]
    for at, data in chunks:
        said += flow.received(data, at)
    if ended_at is not None:
        said += flow.ended(ended_at)
    waiting = [action for action in said if action.at > NOW and not isinstance(action, Cut)]
    return list(new.flow(Random(1)).takes_over(flow, waiting, NOW))


def test_what_latency_held_has_the_new_delay_less_what_it_has_waited() -> None:
    # Arrived at 6 s and 9 s, held for 30 s; now for 5 s: the first would have left at 11 s, the second at 14 s.
    assert taken_over(Latency(delay=30.0), Latency(delay=5.0), (6.0, b"a"), (9.0, b"b"), ended_at=9.5) == [
        Send(11.0, b"a"),
        Send(14.0, b"b"),
        Finish(14.5),
    ]


def test_what_has_waited_longer_than_the_new_delay_goes_at_once() -> None:
    assert taken_over(Latency(delay=30.0), Latency(delay=1.0), (6.0, b"a")) == [Send(10.0, b"a")]


def test_what_a_stalled_link_held_goes_at_its_new_rate_from_now_on() -> None:
    answer = taken_over(Bandwidth(rate=0.0), Bandwidth(rate=100.0), (1.0, b"01234"), (2.0, b"56789"))
    sends = [action for action in answer if isinstance(action, Send)]
    assert b"".join(send.data for send in sends) == b"0123456789"
    assert sends[-1].at == pytest.approx(10.1)


def test_what_was_cut_into_pieces_is_one_again_before_it_is_cut_anew() -> None:
    old, new = Slicer(average_size=1.0, delay=60.0), Slicer(average_size=1000.0)
    assert taken_over(old, new, (9.0, b"abc")) == [Send(10.0, b"bc")]


def test_a_limit_counts_on() -> None:
    assert taken_over(LimitData(bytes=100.0), LimitData(bytes=3.0), (1.0, b"ab")) == []
    flow, new = LimitData(bytes=100.0).flow(Random(1)), LimitData(bytes=3.0).flow(Random(1))
    list(flow.received(b"ab", 1.0))
    list(new.takes_over(flow, (), NOW))
    assert list(new.received(b"cd", 11.0)) == [Send(11.0, b"c"), Cut(11.0)]


def test_a_timeout_begins_anew_and_cuts_nothing() -> None:
    assert taken_over(Timeout(after=60.0), Timeout(after=5.0), (9.0, b"lost")) == [Cut(15.0)]
    assert taken_over(Timeout(after=60.0), Timeout(after=0.0), (9.0, b"lost")) == []


def test_a_late_end_is_late_anew() -> None:
    assert taken_over(SlowClose(delay=60.0), SlowClose(delay=2.0), ended_at=9.0) == [Finish(12.0)]


@pytest.mark.parametrize("used", [True, False])
def test_a_reset_that_is_on_its_way_still_comes(used: bool) -> None:
    chunks = [(9.0, b"x")] if used else []
    answer = taken_over(ResetPeer(after=60.0), ResetPeer(after=5.0), *chunks)
    cuts = [action for action in answer if isinstance(action, Cut) and action.at < math.inf]
    assert [cut.reset for cut in cuts] == ([True] if used else [])
