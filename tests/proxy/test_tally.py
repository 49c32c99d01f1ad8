from __future__ import annotations

import math
from collections.abc import Iterable

from chaoscli.events import FaultMeasured
from chaoscli.faults.base import Action, Direction, Send, Through
from chaoscli.proxy.tally import Tally, Watched


class Doing(Through):
    """Answers what it was told to."""

    def __init__(self, *answers: Iterable[Action]) -> None:
        self._answers = list(answers)

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return self._answers.pop(0)


def _tally() -> Tally:
    return Tally("lag", "a -> b", Direction.REPLY)


def test_asked_and_achieved_are_means_and_errors_have_quantiles() -> None:
    tally = _tally()
    for asked_s, error_s in ((0.1, 0.0), (0.2, 0.0001), (0.3, 0.0005)):
        tally.met += 1
        tally.touched += 1
        tally.delayed(asked_s)
        tally.achieved(error_s)
    told = tally.measured(at=5.0)
    # asked (0.1 + 0.2 + 0.3) / 3, errors (0 + 100 + 500) us / 3 = 200 us
    assert told == FaultMeasured(
        at=5.0,
        fault="lag",
        link="a -> b",
        direction="reply",
        met=3,
        touched=3,
        asked_mean_s=told.asked_mean_s,
        achieved_mean_s=told.achieved_mean_s,
        error_p50_s=0.0001,
        error_p99_s=0.0005,
        error_max_s=0.0005,
    )
    assert math.isclose(told.asked_mean_s, 0.2)
    assert math.isclose(told.achieved_mean_s, 0.2002)


def test_nothing_delayed_is_nothing_measured() -> None:
    told = _tally().measured(at=1.0)
    assert (told.asked_mean_s, told.achieved_mean_s, told.error_p50_s, told.error_p99_s, told.error_max_s) == (0, 0, 0, 0, 0)


def test_the_largest_error_is_kept_exactly_and_the_table_stays_bounded() -> None:
    tally = _tally()
    for error_s in (0.00001, 30.0, 17.0):
        tally.delayed(1.0)
        tally.achieved(error_s)
    told = tally.measured(at=0.0)
    assert told.error_max_s == 30.0
    assert told.error_p50_s == 1.0  # farther off than a second is counted as a second


def test_a_chunk_that_passes_at_once_and_whole_is_met_but_not_touched() -> None:
    tally, data = _tally(), b"four"
    Watched(Doing([Send(3.0, data)]), tally).received(data, 3.0)
    assert (tally.met, tally.touched) == (1, 0)


def test_delayed_held_changed_split_and_lost_chunks_are_touched() -> None:
    tally, data = _tally(), b"four"
    answers: list[list[Action]] = [
        [Send(3.5, data)],
        [Send(math.inf, data)],
        [Send(3.0, b"f0ur")],
        [Send(3.0, b"fo"), Send(3.0, b"ur")],
        [],
    ]
    flow = Watched(Doing(*answers), tally)
    assert [list(flow.received(data, 3.0)) for _ in range(5)] == answers
    assert (tally.met, tally.touched, tally.held_bytes) == (5, 5, 4)
    assert tally.measured(at=4.0).asked_mean_s == 0.5


def test_a_flow_is_known_to_hold_once_it_has() -> None:
    flow = Watched(Doing([Send(9.0, b"x")], [Send(math.inf, b"x")]), _tally())
    flow.received(b"x", 1.0)
    assert not flow.holds
    flow.received(b"x", 1.0)
    assert flow.holds
