from __future__ import annotations

from typing import Any

import pytest

from chaoscli.load.template import Blanks, unknown_blanks

BLANKS = Blanks(12, "shoppers-12", {"book": "BOOK-7", "price": 2.5, "item": {"id": 1}})


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("${n}", 12),
        ("${ n }", 12),
        ("${n % 5}", 2),
        ("${n%12}", 0),
        ("${request}", "shoppers-12"),
        ("CUST-${n}", "CUST-12"),
        ("${n}${n % 5}", "122"),
        ("${book} at ${price}", "BOOK-7 at 2.5"),
        ("${price}", 2.5),
        ("${ item }", {"id": 1}),
        ("$n", "$n"),
        (7, 7),
        (None, None),
        ({"id": "${n}", "lines": [{"of": "${request}"}, True]}, {"id": 12, "lines": [{"of": "shoppers-12"}, True]}),
    ],
)
def test_blanks_are_filled_in(value: Any, filled: Any) -> None:
    assert BLANKS.fill(value) == filled


def test_in_a_text_a_number_stays_a_text() -> None:
    assert BLANKS.fill_text("${n} for ${price}") == "12 for 2.5"
    assert BLANKS.fill_text("/${book}", lambda value: f"<{value}>") == "/<BOOK-7>"


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ("${n} ${request} ${n % 3}", []),
        ("${N} and ${} and ${n % 0}", ["${N}", "${}", "${n % 0}"]),
        ("${book} and ${boook}", ["${boook}"]),
        ({"a": ["${x}", {"b": "${n}"}], "c": 1}, ["${x}"]),
    ],
)
def test_blanks_that_nobody_could_fill_in_are_found(value: Any, unknown: list[str]) -> None:
    assert list(unknown_blanks(value, {"book"})) == unknown
