"""Bandwidth: so many bytes a second, no more and no fewer."""

from __future__ import annotations

import math
from random import Random

import pytest

from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import BadSetting, Send, flow_maker
from tests.faults.streams import chain_of, sends, stream


def test_bytes_take_their_length_divided_by_the_rate() -> None:
    # 480,000 bytes at 1 MB/s take 480 ms, in whatever chunks they come.
    chain = chain_of(Bandwidth(rate=1e6))
    passed = [send for _ in range(15) for send in sends(chain.received(b"x" * 32_000, 0.0))]
    assert sum(len(send.data) for send in passed) == 480_000
    assert passed[-1].at == pytest.approx(0.48)


def test_at_no_time_have_more_bytes_passed_than_the_rate_allows() -> None:
    chain = chain_of(Bandwidth(rate=50_000.0))
    passed = [send for _ in range(20) for send in sends(chain.received(b"x" * 7_001, 0.0))]
    total = 0
    for send in passed:
        total += len(send.data)
        assert total <= send.at * 50_000.0 + 1e-6
        # Nor does it lag: what is still to pass is not more than one slice of 20 ms behind.
        assert total >= (send.at - 0.02) * 50_000.0 - 1e-6


def test_quiet_time_is_not_saved_up() -> None:
    chain = chain_of(Bandwidth(rate=1000.0))
    assert chain.received(b"x" * 10, 0.0) == [Send(0.01, b"x" * 10)]
    assert chain.received(b"x" * 10, 60.0) == [Send(60.01, b"x" * 10)]


def test_a_chunk_leaves_in_slices_of_20_ms() -> None:
    chain = chain_of(Bandwidth(rate=1000.0))
    passed = sends(chain.received(b"x" * 50, 0.0))
    assert [(round(send.at, 6), len(send.data)) for send in passed] == [(0.02, 20), (0.04, 20), (0.05, 10)]


def test_a_rate_below_a_byte_a_slice_still_passes_byte_by_byte() -> None:
    passed = sends(chain_of(Bandwidth(rate=2.0)).received(b"abc", 0.0))
    assert passed == [Send(0.5, b"a"), Send(1.0, b"b"), Send(1.5, b"c")]


def test_no_rate_at_all_holds_everything_for_the_heal() -> None:
    assert chain_of(Bandwidth(rate=0.0)).received(b"abc", 0.0) == [Send(math.inf, b"abc")]


def test_each_connection_has_the_rate_for_itself() -> None:
    make = flow_maker(Bandwidth(rate=1000.0))
    first, second = make(Random(1)), make(Random(2))
    assert [list(flow.received(b"x" * 20, 0.0))[-1].at for flow in (first, second)] == [0.02, 0.02]


def test_connections_share_the_rate_of_a_link() -> None:
    make = flow_maker(Bandwidth(rate=1000.0, per="link"))
    first, second = make(Random(1)), make(Random(2))
    assert [list(flow.received(b"x" * 20, 0.0))[-1].at for flow in (first, second, first)] == [0.02, 0.04, 0.06]


def test_two_links_do_not_share() -> None:
    fault = Bandwidth(rate=1000.0, per="link")
    here, there = flow_maker(fault)(Random(1)), flow_maker(fault)(Random(1))
    assert [list(flow.received(b"x" * 20, 0.0))[-1].at for flow in (here, there)] == [0.02, 0.02]


def test_nothing_is_lost_in_the_slicing() -> None:
    data = bytes(range(256)) * 100
    assert stream(chain_of(Bandwidth(rate=12_345.0)).received(data, 0.0)) == data


def test_it_says_itself_in_words() -> None:
    assert Bandwidth(rate=64_000.0).words() == "bandwidth 64KB/s"
    assert Bandwidth(rate=1e6, per="link").words() == "bandwidth 1MB/s for the whole link"


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(BadSetting, match="rate cannot be negative"):
        Bandwidth(rate=-1.0)
