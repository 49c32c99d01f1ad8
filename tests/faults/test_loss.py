"""Loss: what TCP's retransmissions make of lost segments."""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from statistics import correlation

import pytest

from chaoscli.faults.base import BadSetting, Cut, Finish, Send
from chaoscli.faults.loss import LATE_S, SEGMENT_BYTES, Fate, Loss, LossFlow
from tests.faults.streams import chain_of, sends


class Fixed(Fate):
    """A fate that is known beforehand; nothing more is lost after it."""

    def __init__(self, *strikes: bool) -> None:
        super().__init__(0.0, 0.0, Random(7))
        self._strikes = list(strikes)

    def strikes(self) -> bool:
        return self._strikes.pop(0) if self._strikes else False


def test_retransmissions_come_after_200_ms_and_twice_as_long_each_time() -> None:
    assert [round(late, 6) for late in LATE_S[:6]] == [0.0, 0.2, 0.6, 1.4, 3.0, 6.2]
    assert LATE_S[-1] == pytest.approx(924.6)  # tcp_retries2 = 15, as the kernel's documentation has it


def test_nothing_lost_nothing_late() -> None:
    assert chain_of(Loss(rate=0.0)).received(b"abc", 1.0) == [Send(1.0, b"abc")]


def test_a_segment_lost_twice_is_600_ms_late() -> None:
    flow = LossFlow(Fixed(True, True))
    assert list(flow.received(b"abc", 1.0)) == [Send(1.6, b"abc")]
    assert list(flow.received(b"def", 1.0)) == [Send(1.0, b"def")]


def test_what_is_behind_a_lost_segment_waits_for_it() -> None:
    # Of four segments the second is lost once: the first is there at once, the others with the retransmission.
    data = bytes(4 * SEGMENT_BYTES)
    flow = LossFlow(Fixed(False, True, False, False, False))
    assert list(flow.received(data, 0.0)) == [Send(0.0, data[:SEGMENT_BYTES]), Send(0.2, data[SEGMENT_BYTES:])]


def test_segments_lost_together_recover_together() -> None:
    # Lost once, twice, once: 0.2, 0.6, and the third is there before the second, which it has to wait for.
    data = bytes(3 * SEGMENT_BYTES)
    flow = LossFlow(Fixed(True, False, True, True, False, True, False))
    assert list(flow.received(data, 0.0)) == [Send(0.2, data[:SEGMENT_BYTES]), Send(LATE_S[2], data[SEGMENT_BYTES:])]


def test_the_end_of_the_stream_can_be_lost_too() -> None:
    assert list(LossFlow(Fixed(True)).ended(1.0)) == [Finish(1.2)]


def test_when_everything_is_lost_tcp_gives_up_after_fifteen_minutes() -> None:
    chain = chain_of(Loss(rate=1.0))
    assert chain.received(b"a", 0.0) == [Send(math.inf, b"a"), Cut(LATE_S[-1], reset=True)]
    assert chain.received(b"b", 1.0) == [Send(math.inf, b"b")]  # given up once is enough


def test_the_share_of_late_chunks_is_the_rate_and_of_those_late_twice_its_square() -> None:
    flow = Loss(rate=0.2).flow(Random(7))
    late = Counter(round(sends(list(flow.received(b"x", 0.0)))[0].at, 6) for _ in range(50_000))
    # Deviations: sqrt(0.2 * 0.8 / 50,000) = 0.0018.
    assert sum(count for at, count in late.items() if at >= 0.2) / 50_000 == pytest.approx(0.2, abs=0.008)
    assert sum(count for at, count in late.items() if at >= 0.6) / 50_000 == pytest.approx(0.04, abs=0.004)


@pytest.mark.parametrize("asked", [0.0, 0.3, 0.8])
def test_correlation_makes_bursts_and_leaves_the_rate_alone(asked: float) -> None:
    fate = Fate(0.1, asked, Random(7))
    drawn = [float(fate.strikes()) for _ in range(100_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(0.1, abs=0.012)
    assert correlation(drawn[:-1], drawn[1:]) == pytest.approx(asked, abs=0.03)


def test_it_says_itself_in_words_and_refuses_what_is_no_share() -> None:
    assert Loss(rate=0.01).words() == "loss 1%"
    assert Loss(rate=0.01, correlation=0.25).words() == "loss 1%, 25% correlated"
    with pytest.raises(BadSetting, match="rate is a share from 0 to 1"):
        Loss(rate=-0.1)
    with pytest.raises(BadSetting, match="correlation is a share from 0 to 1"):
        Loss(rate=0.1, correlation=2.0)
