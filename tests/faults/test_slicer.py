"""The slicer cuts as Toxiproxy does, without its crashes."""

from __future__ import annotations

import pytest

from chaoscli.faults.base import BadSetting, Finish, Send
from chaoscli.faults.slicer import Slicer
from tests.faults.streams import chain_of, sends, stream


def test_an_average_of_one_byte_makes_a_piece_of_every_byte() -> None:
    passed = sends(chain_of(Slicer(average_size=1.0)).received(bytes(range(24)), 0.0))
    assert [send.data for send in passed] == [bytes([one]) for one in range(24)]


def test_pieces_stay_within_the_variation() -> None:
    data = bytes(480_000)
    passed = sends(chain_of(Slicer(average_size=1024.0, size_variation=512.0)).received(data, 0.0))
    assert b"".join(send.data for send in passed) == data
    assert 240 <= len(passed) <= 720  # Toxiproxy's own test of the same figures
    assert max(len(send.data) for send in passed) <= 1536


def test_each_piece_leaves_a_delay_after_the_one_before() -> None:
    chain = chain_of(Slicer(average_size=2.0, delay=0.5))
    assert chain.received(b"abcd", 1.0) == [Send(1.0, b"ab"), Send(1.5, b"cd")]
    # The delay behind the last piece holds the next chunk, and the end.
    assert chain.received(b"ef", 1.0) == [Send(2.0, b"ef")]
    assert chain.ended(1.0) == [Finish(2.5)]


def test_small_chunks_pass_whole() -> None:
    assert chain_of(Slicer(average_size=64.0)).received(b"x" * 64, 0.0) == [Send(0.0, b"x" * 64)]


@pytest.mark.parametrize("size", [1, 2, 3, 65_536])
def test_the_largest_variation_there_can_be_still_ends(size: int) -> None:
    data = bytes(size)
    for average in (1.0, 2.0, 1000.0):
        assert stream(chain_of(Slicer(average_size=average, size_variation=average - 1.0)).received(data, 0.0)) == data


def test_it_says_itself_in_words() -> None:
    assert Slicer(average_size=64.0).words() == "slices of 64B"
    assert Slicer(average_size=1024.0, size_variation=512.0, delay=0.01).words() == "slices of 1.02KB ± 512B, 10ms apart"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"average_size": 0.0}, "average_size must be at least 1 byte"),
        ({"average_size": 10.0, "size_variation": 10.0}, "size_variation must be less than average_size, and not negative"),
        ({"average_size": 10.0, "size_variation": -1.0}, "size_variation must be less than average_size, and not negative"),
        ({"delay": -1.0}, "delay cannot be negative"),
    ],
)
def test_what_crashes_the_original_is_refused(settings: dict[str, float], told: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Slicer(**settings)
    assert str(caught.value) == told
