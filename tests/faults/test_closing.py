"""Faults that close, do not close, or close late: timeout, reset_peer, slow_close, half_open, and those that spare nobody."""

from __future__ import annotations

import pytest

from chaoscli.faults.base import BadSetting, ByteFault, Cut, Finish, Send
from chaoscli.faults.blackhole import Blackhole
from chaoscli.faults.half_open import HalfOpen
from chaoscli.faults.hang import Hang
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.reset_peer import ResetPeer
from chaoscli.faults.silence import Silence
from chaoscli.faults.slow_close import SlowClose
from chaoscli.faults.timeout import Timeout
from tests.faults.streams import chain_of, flow_of


def test_a_timeout_drops_everything_and_closes_after_so_much_quiet() -> None:
    chain = chain_of(Timeout(after=1.0))
    assert chain.opened(0.0) == [Cut(1.0)]
    assert chain.received(b"a", 0.9) == [Cut(1.9)]
    assert chain.ended(1.0) == [Finish(1.0)]


def test_a_timeout_of_zero_never_closes_by_itself_and_its_heal_does() -> None:
    flow = flow_of(Timeout())
    assert [list(flow.opened(0.0)), list(flow.received(b"a", 1.0)), list(flow.healed(2.0))] == [[], [], [Cut(2.0)]]


def test_a_connection_is_reset_a_while_after_its_first_use_and_only_once() -> None:
    chain = chain_of(ResetPeer(after=0.5))
    assert chain.opened(0.0) == []
    assert chain.received(b"a", 1.0) == [Cut(1.5, reset=True)]
    assert chain.received(b"b", 1.2) == []


def test_closing_a_connection_is_a_use_of_it() -> None:
    assert chain_of(ResetPeer()).ended(1.0) == [Cut(1.0, reset=True)]


def test_healing_spares_an_unused_connection_and_resets_one_whose_bytes_are_gone() -> None:
    unused, used = flow_of(ResetPeer(after=9.0)), flow_of(ResetPeer(after=9.0))
    list(used.received(b"a", 0.0))
    assert (list(unused.healed(1.0)), list(used.healed(1.0))) == ([], [Cut(1.0, reset=True)])


def test_a_slow_close_delays_the_end_and_nothing_else() -> None:
    chain = chain_of(SlowClose(delay=2.0))
    assert chain.received(b"a", 1.0) == [Send(1.0, b"a")]
    assert chain.ended(1.0) == [Finish(3.0)]


def test_a_reset_takes_hold_of_live_and_new_connections_at_once() -> None:
    assert chain_of(ResetConnections()).opened(4.0) == [Cut(4.0, reset=True)]
    assert chain_of(Refuse()).opened(4.0) == [Cut(4.0, reset=True)]


@pytest.mark.parametrize("fault", [Blackhole(), HalfOpen(), ResetPeer(after=9.0), LimitData(bytes=0.0)])
def test_what_happened_under_other_settings_is_not_forgotten(fault: ByteFault) -> None:
    earlier, later, untouched = flow_of(fault), flow_of(fault), flow_of(fault)
    list(earlier.received(b"a", 0.0))
    list(earlier.ended(0.0))
    list(later.takes_over(earlier, [], 1.0))
    assert list(later.healed(2.0)) == list(earlier.healed(2.0))
    assert list(untouched.healed(2.0)) == []


def test_a_limit_reached_under_other_settings_still_closes() -> None:
    earlier, later = flow_of(LimitData(bytes=1.0)), flow_of(LimitData(bytes=100.0))
    list(earlier.received(b"abc", 0.0))
    assert list(later.takes_over(earlier, [], 1.0)) == [Cut(1.0)]


def test_a_timeout_starts_anew_with_its_new_time() -> None:
    assert list(flow_of(Timeout(after=3.0)).takes_over(flow_of(Timeout(after=1.0)), [], 1.0)) == [Cut(4.0)]


def test_a_reset_already_set_off_comes_by_the_new_time() -> None:
    earlier = flow_of(ResetPeer(after=9.0))
    list(earlier.received(b"a", 0.0))
    assert list(flow_of(ResetPeer(after=1.0)).takes_over(earlier, [], 2.0)) == [Cut(3.0, reset=True)]


@pytest.mark.parametrize(
    ("fault", "refuses", "holds_dialling"),
    [
        (Silence(), False, True),
        (Hang(), False, True),
        (Blackhole(), False, True),
        (ResetConnections(), False, True),
        (Refuse(), True, True),
        (Timeout(), False, False),
        (HalfOpen(), False, False),
    ],
)
def test_what_becomes_of_new_connections(fault: ByteFault, refuses: bool, holds_dialling: bool) -> None:
    assert (fault.refuses, fault.holds_dialling) == (refuses, holds_dialling)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Timeout(), "drop all bytes"),
        (Timeout(after=5.0), "drop all bytes, close after 5s of quiet"),
        (ResetPeer(), "reset at the first byte"),
        (ResetPeer(after=0.1), "reset 100ms after the first byte"),
        (SlowClose(delay=1.5), "close 1.5s late"),
        (HalfOpen(), "closing goes unheard"),
        (Hang(), "new connections hang"),
        (Silence(), "silence"),
        (Blackhole(), "blackhole"),
        (Refuse(), "refuse connections"),
        (ResetConnections(), "reset connections"),
    ],
)
def test_they_say_themselves_in_words(fault: ByteFault, words: str) -> None:
    assert fault.words() == words


@pytest.mark.parametrize("kind", [Timeout, ResetPeer])
def test_a_negative_wait_is_refused(kind: type[Timeout] | type[ResetPeer]) -> None:
    with pytest.raises(BadSetting, match="after cannot be negative"):
        kind(after=-1.0)
    with pytest.raises(BadSetting, match="delay cannot be negative"):
        SlowClose(delay=-1.0)
