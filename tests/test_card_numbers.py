"""Card numbers: known for what they are, and never written down whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.card_numbers import found_in, is_card_number, masked

TESTERS = ["4111111111111111", "5500000000000004", "378282246310005", "6011000990139424", "4222222222222"]
NONE = ["4111111111111112", "411111111111", "41111111111111111111", "4111 1111 1111 1111", "", "x" * 16, "٤" * 16]


@pytest.mark.parametrize("number", TESTERS)
def test_the_test_numbers_of_the_networks_are_card_numbers(number: str) -> None:
    assert is_card_number(number)


@pytest.mark.parametrize("text", NONE)
def test_what_fails_the_check_or_is_no_row_of_digits_is_none(text: str) -> None:
    assert not is_card_number(text)


def test_any_single_digit_that_is_wrong_is_noticed() -> None:
    number = "4111111111111111"
    changed = [number[:at] + digit + number[at + 1 :] for at in range(16) for digit in "0123456789" if digit != number[at]]
    assert [one for one in changed if is_card_number(one)] == []


def test_it_is_found_among_other_things_and_a_longer_row_of_digits_is_none() -> None:
    data = b'{"id":12345678,"card":"4111111111111111","other":"41111111111111110000"}'
    assert [data[start:end] for start, end in found_in(data)] == [b"4111111111111111"]


def test_what_may_be_shown_of_it_is_who_issued_it_and_its_last_four_digits() -> None:
    assert masked(b'"card":"4111111111111111",') == b'"card":"411111******1111",'
    assert masked(b"at 1700000000, 20 pieces") == b"at 1700******, 20 pieces"


@given(st.binary(max_size=200), st.sampled_from([b"4111111111111111", b"378282246310005"]), st.binary(max_size=200))
def test_no_card_number_survives_a_mask_and_the_length_does(before: bytes, number: bytes, after: bytes) -> None:
    data = before + number + after
    hidden = masked(data)
    assert len(hidden) == len(data)
    assert list(found_in(hidden)) == []
    assert re.search(rb"\d{8}", hidden) is None
