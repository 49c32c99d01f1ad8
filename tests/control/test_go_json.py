from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.control.go_json import DEEPEST, GoJsonError, first_value, folded, kind_of


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b' \r\n\t{"a": [1, -2.5, 1e3, true, false, null, "x"]} ', {"a": [1, -2.5, 1000.0, True, False, None, "x"]}),
        (b'{"a":1}{"b":2}', {"a": 1}),
        (b"[] trailing words", []),
        (b"{}", {}),
        (b"01", 0),
        (rb'"\u00e9\n\"\/"', 'é\n"/'),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"half a pair: \ud800"', "half a pair: \N{REPLACEMENT CHARACTER}"),
        (b'"\xff"', "\N{REPLACEMENT CHARACTER}"),
        (b"99999999999999999999", 99999999999999999999),
    ],
)
def test_the_first_value_counts_and_what_follows_does_not(body: bytes, value: object) -> None:
    assert first_value(body) == value


# The texts are those of Go 1.22's encoding/json; the place is the character they are about.
@pytest.mark.parametrize(
    ("body", "message", "place"),
    [
        (b"", "EOF", 0),
        (b"  \n", "EOF", 0),
        (b"{", "unexpected EOF", 1),
        (b'{"a"', "unexpected EOF", 4),
        (b"[1,2", "unexpected EOF", 4),
        (b'"abc', "unexpected EOF", 4),
        (b"tru", "unexpected EOF", 3),
        (b"-", "unexpected EOF", 1),
        (b"1.", "unexpected EOF", 2),
        (b"{b}", "invalid character 'b' looking for beginning of object key string", 1),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string", 7),
        (b'{"a" 1}', "invalid character '1' after object key", 5),
        (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair", 7),
        (b"[1 2]", "invalid character '2' after array element", 3),
        (b"trux", "invalid character 'x' in literal true (expecting 'e')", 3),
        (b"nil", "invalid character 'i' in literal null (expecting 'u')", 1),
        (b"-x", "invalid character 'x' in numeric literal", 1),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal", 2),
        (b"1ex", "invalid character 'x' in exponent of numeric literal", 2),
        (b"'a'", r"invalid character '\'' looking for beginning of value", 0),
        (b"\xef\xbb\xbf{}", r"invalid character '\ufeff' looking for beginning of value", 0),
        (b'"a\n"', r"invalid character '\n' in string literal", 2),
        (rb'"\x"', "invalid character 'x' in string escape code", 2),
        (rb'"\u12g"', r"invalid character 'g' in \u hexadecimal character escape", 5),
    ],
)
def test_what_is_no_json_is_told_in_go_s_words(body: bytes, message: str, place: int) -> None:
    with pytest.raises(GoJsonError) as caught:
        first_value(body)
    assert (str(caught.value), caught.value.place) == (message, place)


def test_a_text_that_nests_too_deeply_is_refused() -> None:
    assert first_value(b"[" * DEEPEST + b"]" * DEEPEST) is not None
    with pytest.raises(GoJsonError, match="exceeded max depth"):
        first_value(b"[" * 100_000)


def test_a_number_of_many_digits_is_only_out_of_range() -> None:
    assert first_value(b"9" * 5000) == float("inf")


def test_members_are_known_by_their_letters_and_null_means_leave() -> None:
    assert folded({"Name": "web", "UPSTREAM": None, "rate": 0}) == {"name": "web", "rate": 0}


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), (True, "bool"), (3, "number 3"), (0.5, "number 0.5"), ("", "string"), ([], "array"), ({}, "object")],
)
def test_go_has_a_word_for_each_kind_of_value(value: object, kind: str) -> None:
    assert kind_of(value) == kind


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_whatever_python_writes_is_read_back(value: object) -> None:
    assert first_value(json.dumps(value).encode()) == value
    assert first_value(json.dumps(value, ensure_ascii=False, indent=2).encode()) == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,0123456789.eE+-tfn\\u \n', max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_an_error(body: bytes) -> None:
    with suppress(GoJsonError):
        json.dumps(first_value(body)).encode()
