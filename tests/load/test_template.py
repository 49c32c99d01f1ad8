from __future__ import annotations

from typing import Any

import pytest

from chaoscli.load.template import fill, fill_text, unknown_blanks


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
        ("$n", "$n"),
        (7, 7),
        (None, None),
        ({"id": "${n}", "lines": [{"of": "${request}"}, True]}, {"id": 12, "lines": [{"of": "shoppers-12"}, True]}),
    ],
)
def test_blanks_are_filled_in(value: Any, filled: Any) -> None:
    assert fill(value, 12, "shoppers-12") == filled


def test_in_a_text_a_number_stays_a_text() -> None:
    assert fill_text("${n}", 12, "shoppers-12") == "12"


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ("${n} ${request} ${n % 3}", []),
        ("${N} and ${} and ${n % 0}", ["${N}", "${}", "${n % 0}"]),
        ({"a": ["${x}", {"b": "${n}"}], "c": 1}, ["${x}"]),
    ],
)
def test_blanks_that_nobody_could_fill_in_are_found(value: Any, unknown: list[str]) -> None:
    assert list(unknown_blanks(value)) == unknown
