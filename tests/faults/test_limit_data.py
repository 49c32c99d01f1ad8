"""Limit data: up to the limit and no further."""

from __future__ import annotations

import pytest

from chaoscli.faults.base import BadSetting, Cut, Finish, Send
from chaoscli.faults.limit_data import LimitData, LimitDataFlow
from tests.faults.streams import chain_of


def test_the_chunk_that_goes_beyond_the_limit_is_cut_short_and_closes_the_connection() -> None:
    chain = chain_of(LimitData(bytes=5.0))
    assert chain.received(b"abc", 0.0) == [Send(0.0, b"abc")]
    assert chain.received(b"defg", 1.0) == [Send(1.0, b"de"), Cut(1.0)]
    assert chain.received(b"hij", 2.0) == []


def test_reaching_the_limit_exactly_closes_too() -> None:
    assert chain_of(LimitData(bytes=3.0)).received(b"abc", 0.0) == [Send(0.0, b"abc"), Cut(0.0)]


def test_a_limit_of_nothing_closes_at_the_first_byte_and_passes_none() -> None:
    assert chain_of(LimitData(bytes=0.0)).received(b"abc", 0.0) == [Cut(0.0)]


def test_the_end_passes_below_the_limit() -> None:
    assert chain_of(LimitData(bytes=3.0)).ended(1.0) == [Finish(1.0)]


def test_the_count_survives_a_change_of_the_limit() -> None:
    earlier, later = LimitDataFlow(10), LimitDataFlow(6)
    assert list(earlier.received(b"abcd", 0.0)) == [Send(0.0, b"abcd")]
    later.follows(earlier)
    assert list(later.received(b"efgh", 1.0)) == [Send(1.0, b"ef"), Cut(1.0)]


def test_a_limit_lowered_below_what_has_passed_closes_at_the_next_byte() -> None:
    earlier, later = LimitDataFlow(10), LimitDataFlow(2)
    list(earlier.received(b"abcd", 0.0))
    later.follows(earlier)
    assert list(later.received(b"e", 1.0)) == [Cut(1.0)]


def test_healed_before_its_limit_it_leaves_no_trace_and_after_it_the_connection_closes() -> None:
    below, beyond = LimitDataFlow(3), LimitDataFlow(3)
    list(below.received(b"ab", 0.0))
    list(beyond.received(b"abcd", 0.0))
    assert (list(below.healed(1.0)), list(beyond.healed(1.0))) == ([], [Cut(1.0)])


def test_it_says_itself_in_words_and_refuses_a_negative_limit() -> None:
    assert LimitData(bytes=2048.0).words() == "close after 2.05KB"
    with pytest.raises(BadSetting, match="bytes cannot be negative"):
        LimitData(bytes=-1.0)
