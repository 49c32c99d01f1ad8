from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.control import replies
from chaoscli.messages import Response


def test_a_reply_is_compact_and_keeps_the_order_of_its_members() -> None:
    assert replies.reply({"name": "web", "listen": "[::]:80", "toxics": []}, 201) == Response(
        status=201,
        headers=(("content-type", "application/json"),),
        body=b'{"name":"web","listen":"[::]:80","toxics":[]}',
    )


def test_a_reply_can_be_pasted_into_html_as_go_s_can() -> None:
    assert replies.reply("<b>&\u2028é").body == '"\\u003cb\\u003e\\u0026\\u2028é"'.encode()


def test_an_error_is_json_under_a_text_type() -> None:
    assert replies.ApiError(*replies.PROXY_NOT_FOUND).render() == Response(
        status=404,
        headers=(("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")),
        body=b'{"error":"proxy not found","status":404}\n',
    )


def test_the_version_has_the_original_s_space_and_newline() -> None:
    assert replies.version() == Response(
        status=200, headers=(("content-type", "application/json;charset=utf-8"),), body=b'{"version": "2.12.0"}\n'
    )


def test_a_list_that_failed_says_what_was_made_before() -> None:
    error = replies.missing_field("name", 2)
    assert replies.populate_failed(error, []) == Response(
        status=400,
        headers=(("content-type", "application/json"),),
        body=b'{"error":"missing required field: name at proxy 2","status":400,"proxies":null}',
    )
    assert replies.populate_failed(error, [{"name": "web"}]).body.endswith(b'"proxies":[{"name":"web"}]}')


@pytest.mark.parametrize(
    ("number", "text"), [(0.2, "0.2"), (1.0, "1"), (0.0, "0"), (-1.5, "-1.5"), (1 / 3, "0.33333334"), (1e10, "10000000000")]
)
def test_toxicity_is_shown_in_the_fewest_digits(number: float, text: str) -> None:
    assert str(replies.shortest(number)) == text


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_fewest_digits_are_enough(number: float) -> None:
    assert struct.pack("f", replies.shortest(number)) in (struct.pack("f", number), struct.pack("f", abs(number)))
