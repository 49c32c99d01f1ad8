"""An eavesdropper changes nothing and catches everything it listens for, however it is cut; what it says of it is masked."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting, Finish, Send
from chaoscli.faults.eavesdrop import CARD_NUMBER, FIRST_BYTES, MOST_OF_A_CHUNK, TEXT, Eavesdrop, EavesdropFlow

CARD = b"4111111111111111"
ORDER = b'POST /payment/charge HTTP/1.1\r\n\r\n{"amount":20,"card":"%s"}' % CARD


def heard(*chunks: bytes, looks_for: str | None = None) -> list[tuple[str, str]]:
    flow = EavesdropFlow(Eavesdrop(looks_for=looks_for))
    for chunk in chunks:
        assert list(flow.received(chunk, 1.0)) == [Send(1.0, chunk)]
    assert list(flow.ended(2.0)) == [Finish(2.0)]
    return flow.overheard()


def test_it_shows_the_bytes_as_they_passed_with_the_number_masked() -> None:
    assert heard(ORDER) == [
        (FIRST_BYTES, 'POST /payment/charge HTTP/1.1....{"amount":20,"c'),
        (CARD_NUMBER, 'P/1.1....{"amount":20,"card":"411111******1111"}'),
    ]


@given(st.lists(st.integers(1, len(ORDER) - 1), max_size=6))
def test_a_number_is_caught_once_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    places = [0, *sorted(set(cuts)), len(ORDER)]
    pieces = [ORDER[start:end] for start, end in pairwise(places)]
    caught = [text for what, text in heard(*pieces) if what == CARD_NUMBER]
    assert len(caught) == 1
    assert "411111******1111" in caught[0]


def test_a_number_at_the_very_end_is_caught_when_nothing_follows_it() -> None:
    assert [what for what, _ in heard(b"card " + CARD)] == [FIRST_BYTES, CARD_NUMBER]
    assert [what for what, _ in heard(b"card " + CARD, b"2222")] == [FIRST_BYTES]  # it was part of a longer one


def test_a_text_can_be_listened_for_instead() -> None:
    caught = heard(b"user=Ann&password=", b"tea&user=Bob&password=x", looks_for="password=")
    assert [what for what, _ in caught[1:]] == [TEXT, TEXT]


def test_what_is_sealed_tells_nothing() -> None:
    assert [what for what, _ in heard(*(Random(1).randbytes(1000) for _ in range(100)))] == [FIRST_BYTES]


def test_a_page_of_numbers_is_not_told_of_without_end() -> None:
    page = b" ".join([CARD] * 500) + b"."
    assert len(heard(page)) == 1 + MOST_OF_A_CHUNK


@pytest.mark.parametrize("text", ["", "x" * 65])
def test_what_it_listens_for_has_some_length_and_not_too_much(text: str) -> None:
    with pytest.raises(BadSetting, match="it may have from 1 to 64"):
        Eavesdrop(looks_for=text)
