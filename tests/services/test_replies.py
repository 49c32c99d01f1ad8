from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import SERVED_AS, Request, Response
from chaoscli.services.replies import MOST_QUANTITY, json_value, passed_on, query, reply, segments, unknown, whole_number


def asked(target: str, method: str = "GET") -> Request:
    return Request(method=method, target=target)


def test_replies_are_compact_json_in_the_order_given() -> None:
    assert reply(201, {"b": None, "a": [1, "é"]}, (("x-own", "1"),)) == Response(
        status=201,
        headers=(("content-type", "application/json"), ("x-own", "1")),
        body='{"b":null,"a":[1,"é"]}'.encode(),
    )


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/", []),
        ("/a/b?c=/d", ["a", "b"]),
        ("//a///b/", ["a", "b"]),
        ("/a%20b/c%2Fd", ["a b", "c/d"]),
        ("/%C3%A9/%FF", ["é", "\ufffd"]),
        ("*", ["*"]),
    ],
)
def test_a_path_is_split_and_then_unescaped(target: str, parts: list[str]) -> None:
    assert segments(asked(target)) == parts


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("/a", "default"),
        ("/a?", "default"),
        ("/a?b=1", "default"),
        ("/a?q=1", "1"),
        ("/a?q=1&q=2", "1"),
        ("/a?q=", ""),
        ("/a?q", ""),
        ("/a?b=1&q=%C3%A9+x", "é x"),
        ("/a?" + "b&" * 5000 + "q=1", "1"),
    ],
)
def test_the_first_value_of_a_query_counts(target: str, value: str) -> None:
    assert query(asked(target), "q", "default") == value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("007", 7),
        (str(MOST_QUANTITY), MOST_QUANTITY),
        (str(MOST_QUANTITY + 1), None),
        ("9" * 5000, None),
        ("0", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1e3", None),
        (" 1", None),
        ("1_0", None),
        ("²", None),
        ("١", None),
        ("", None),
    ],
)
def test_whole_numbers_are_plain_digits_within_reason(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":[1,2.5,"x",true,null]}', {"a": [1, 2.5, "x", True, None]}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\ud800"', "\\ud800"),
        (b"1e308", 1e308),
        (b"null", None),
        (b"", None),
        (b"{", None),
        (b"\xff", None),
        (b"NaN", None),
        (b"[-Infinity]", None),
        (b"1e309", None),
        (b'["\\ud800"]', None),
        (b'{"\\uDC00":1}', None),
        (b"[" * 100_000, None),
        (b"9" * 5000, None),
    ],
)
def test_only_json_that_can_be_written_again_is_read(text: bytes, value: Any) -> None:
    assert json_value(text) == value


@given(st.binary(max_size=30) | st.text(max_size=30).map(str.encode))
def test_what_was_read_can_be_written(text: bytes) -> None:
    value = json_value(text)
    assert value is None or json_value(reply(200, value).body) == value


PLACES = ("GET /a/{x}", "PUT /a/{x}", "POST /b")


def test_a_path_nobody_knows_is_answered_with_those_that_are_known() -> None:
    assert unknown(asked("/c"), PLACES) == reply(404, {"error": "nothing at /c", "known": list(PLACES)})
    assert unknown(asked("/a/1/2"), PLACES).status == 404


def test_a_known_path_under_another_method_is_answered_with_its_methods() -> None:
    assert unknown(asked("/a/1", "DELETE"), PLACES) == reply(405, {"error": "/a/1 takes GET, PUT"}, (("allow", "GET, PUT"),))


def test_an_answer_made_from_others_says_when_one_was_not_its_services_own() -> None:
    fresh, known = Response(status=200), Response(status=200, headers=((SERVED_AS, "fallback"),))
    assert passed_on(fresh, None) == ()
    assert passed_on(fresh, known) == ((SERVED_AS, "fallback"),)
