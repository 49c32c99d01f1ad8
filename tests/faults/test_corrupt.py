"""Corruption: the asked share of bytes, one bit each."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting
from chaoscli.faults.corrupt import BitFlips, Corrupt
from tests.faults.streams import chain_of, stream


def hits(sent: bytes, arrived: bytes) -> list[int]:
    """How many bits differ in each byte that does."""
    assert len(sent) == len(arrived)
    return [(one ^ other).bit_count() for one, other in zip(sent, arrived, strict=True) if one != other]


def test_the_asked_share_of_bytes_is_hit_in_one_bit_each() -> None:
    data = bytes(1_000_000)
    found = hits(data, stream(chain_of(Corrupt(rate=0.01)).received(data, 0.0)))
    # 10,000 hits are expected, with a deviation of sqrt(9,900) = 99.5.
    assert len(found) == pytest.approx(10_000, abs=500)
    assert set(found) == {1}


def test_every_bit_of_a_byte_is_as_likely() -> None:
    data = bytes(100_000)
    arrived = BitFlips(0.5, Random(7)).through(data)
    counts = [arrived.count(1 << bit) for bit in range(8)]
    # 50,000 / 8 = 6,250 each, with a deviation of about 76.
    assert counts == pytest.approx([6_250] * 8, abs=380)


def test_nothing_is_hit_at_a_rate_of_zero_and_everything_at_one() -> None:
    data = bytes(range(256)) * 40
    assert stream(chain_of(Corrupt(rate=0.0)).received(data, 0.0)) == data
    assert len(hits(data, stream(chain_of(Corrupt(rate=1.0)).received(data, 0.0)))) == len(data)


def test_a_chunk_that_is_spared_is_not_even_copied() -> None:
    data = bytes(1000)
    assert BitFlips(0.0, Random(7)).through(data) is data


@given(pieces=st.lists(st.integers(0, 300), max_size=20), rate=st.floats(0.0, 1.0))
def test_how_the_bytes_are_cut_into_chunks_makes_no_difference(pieces: list[int], rate: float) -> None:
    whole = BitFlips(rate, Random(7)).through(bytes(sum(pieces)))
    flips = BitFlips(rate, Random(7))
    assert b"".join(flips.through(bytes(size)) for size in pieces) == whole


def test_it_says_itself_in_words_and_refuses_what_is_no_share() -> None:
    assert Corrupt(rate=0.005).words() == "corrupt 0.5% of the bytes"
    with pytest.raises(BadSetting, match="rate is a share from 0 to 1"):
        Corrupt(rate=1.1)
