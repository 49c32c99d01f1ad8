"""The chain is a fold that keeps what TCP keeps."""

from __future__ import annotations

import math
from collections.abc import Iterable

from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import Action, Cut, Finish, Send, Through
from chaoscli.faults.blackhole import Blackhole
from chaoscli.faults.chain import Chain
from chaoscli.faults.half_open import HalfOpen
from chaoscli.faults.latency import Latency
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.reset_peer import ResetPeer
from chaoscli.faults.silence import Silence
from chaoscli.faults.timeout import Timeout
from tests.faults.streams import chain_of, flow_of


class Sooner(Through):
    """Each chunk is faster than the one before it: what a jitter can draw, made certain."""

    def __init__(self, *delays_s: float) -> None:
        self._delays_s = list(delays_s)

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return (Send(now + self._delays_s.pop(0), data),)


def test_a_chain_of_nothing_passes_everything_at_once() -> None:
    chain = Chain(())
    assert chain.opened(1.0) == []
    assert chain.received(b"ab", 1.0) == [Send(1.0, b"ab")]
    assert chain.ended(2.0) == [Finish(2.0)]


def test_the_instant_out_of_one_flow_is_now_for_the_next() -> None:
    # 1 s of latency, then 10 bytes at 100 bytes a second in slices of 2: the last leaves at 1.0 + 0.1.
    chain = chain_of(Latency(delay=1.0), Bandwidth(rate=100.0))
    instants = [action.at for action in chain.received(b"0123456789", 0.0)]
    assert [round(at, 6) for at in instants] == [1.02, 1.04, 1.06, 1.08, 1.1]


def test_a_chunk_that_would_overtake_the_one_before_arrives_with_it() -> None:
    chain = Chain([Sooner(5.0, 1.0, 9.0)])
    passed = [*chain.received(b"a", 0.0), *chain.received(b"b", 0.0), *chain.received(b"c", 0.0)]
    assert passed == [Send(5.0, b"a"), Send(5.0, b"b"), Send(9.0, b"c")]


def test_a_flow_never_sees_time_go_back_out_of_the_one_before_it() -> None:
    seen: list[float] = []

    class Watching(Through):
        def received(self, data: bytes, now: float) -> Iterable[Action]:
            seen.append(now)
            return (Send(now, data),)

    chain = Chain([Sooner(5.0, 1.0), Watching()])
    chain.received(b"a", 0.0)
    chain.received(b"b", 0.0)
    assert seen == [5.0, 5.0]


def test_the_end_waits_behind_bytes_that_are_held() -> None:
    chain = chain_of(Silence(), Latency(delay=1.0))
    assert chain.received(b"a", 0.0) == [Send(math.inf, b"a")]
    assert chain.ended(3.0) == [Finish(math.inf)]


def test_bytes_behind_held_ones_are_held_whatever_the_flow_behind_says() -> None:
    chain = chain_of(Bandwidth(rate=0.0), Latency(delay=1.0))
    assert chain.received(b"a", 0.0) + chain.received(b"b", 1.0) == [Send(math.inf, b"a"), Send(math.inf, b"b")]


def test_a_polite_cut_comes_behind_bytes_under_way_and_a_reset_overtakes_them() -> None:
    polite = chain_of(LimitData(bytes=3.0), Latency(delay=2.0))
    assert polite.received(b"abcdef", 1.0) == [Send(3.0, b"abc"), Cut(3.0)]
    hard = chain_of(Latency(delay=2.0), ResetPeer(after=0.5))
    assert hard.received(b"abc", 1.0) == [Cut(3.5, reset=True)]


def test_a_polite_cut_behind_held_bytes_waits_for_the_heal() -> None:
    limit, silence = flow_of(LimitData(bytes=3.0)), flow_of(Silence())
    chain = Chain([limit, silence])
    assert chain.received(b"abcdef", 1.0) == [Send(math.inf, b"abc")]
    assert chain.changed([limit], 5.0) == [Cut(1.0)]  # due, now that the held bytes have gone


def test_of_two_pending_cuts_the_earliest_counts() -> None:
    chain = chain_of(Timeout(after=5.0), Timeout(after=2.0))
    assert chain.opened(0.0) == [Cut(5.0), Cut(2.0)]


def test_each_chunk_winds_up_the_clock_of_a_timeout_and_replaces_its_cut() -> None:
    chain = chain_of(Timeout(after=5.0))
    assert chain.opened(0.0) + chain.received(b"a", 2.0) + chain.received(b"b", 4.0) == [Cut(5.0), Cut(7.0), Cut(9.0)]


def test_a_timeout_does_not_wind_up_when_another_cut_comes_sooner() -> None:
    chain = Chain([_Cutting(3.0), flow_of(Timeout(after=1.0))])
    assert chain.opened(0.0) == [Cut(3.0), Cut(1.0)]
    assert chain.received(b"a", 2.5) == [Cut(3.0)]


class _Cutting(Through):
    def __init__(self, at: float) -> None:
        self._at = at

    def opened(self, now: float) -> Iterable[Action]:
        return (Cut(self._at),)


def test_a_cut_from_before_the_chain_is_as_polite_as_one_from_within() -> None:
    chain = chain_of(Latency(delay=2.0))
    chain.received(b"a", 0.0)
    assert chain.cut(Cut(0.0)) == [Cut(2.0)]
    assert chain.cut(Cut(0.0, reset=True)) == [Cut(0.0, reset=True)]


# -- faults that come and go -----------------------------------------------------------------------------------------------


def test_a_flow_that_stays_is_not_opened_again_and_keeps_its_cut() -> None:
    timeout = flow_of(Timeout(after=5.0))
    chain = Chain([timeout])
    assert chain.opened(0.0) == [Cut(5.0)]
    assert chain.changed([timeout, flow_of(Silence())], 3.0) == [Cut(5.0)]


def test_after_a_change_bytes_need_not_queue_behind_what_has_gone_out() -> None:
    chain = chain_of(Latency(delay=10.0))
    chain.received(b"a", 0.0)
    assert chain.changed([], 1.0) == []
    assert chain.received(b"b", 1.0) == [Send(1.0, b"b")]


def test_a_flow_behind_a_silence_never_heard_of_what_was_held() -> None:
    silence, thin = flow_of(Silence()), flow_of(Bandwidth(rate=100.0))
    chain = Chain([silence, thin])
    assert chain.received(b"a" * 1000, 0.0) == [Send(math.inf, b"a" * 1000)]
    chain.changed([thin], 5.0)
    assert chain.received(b"b", 5.0) == [Send(5.01, b"b")]


def test_a_healed_timeout_closes_whatever_other_cuts_are_pending() -> None:
    gone, stays = flow_of(Timeout(after=0.0)), flow_of(Timeout(after=60.0))
    chain = Chain([gone, stays])
    assert chain.opened(0.0) == [Cut(60.0)]
    assert chain.changed([stays], 2.0)[-1] == Cut(2.0)


def test_a_healed_blackhole_resets_what_has_a_gap_and_leaves_the_rest_alone() -> None:
    lost, quiet = chain_of(Blackhole()), chain_of(Blackhole())
    lost.received(b"a", 0.0)
    assert lost.changed([], 1.0) == [Cut(1.0, reset=True)]
    assert quiet.changed([], 1.0) == []


def test_an_end_that_went_unheard_is_heard_at_the_heal() -> None:
    chain = chain_of(HalfOpen())
    assert chain.received(b"a", 0.0) == [Send(0.0, b"a")]
    assert chain.ended(1.0) == []
    assert chain.changed([], 9.0) == [Finish(9.0)]
