"""An answer that is not as expected has failed, and why is told in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaoscli.load.answers import strangeness
from chaoscli.messages import Response

CREATED = {"orderId": "7", "status": "CREATED", "lines": [{"of": "BOOK"}], "paid": True, "deep": {"a": {"b": 1}}}


def said(body: Any, *, found: Any = CREATED, status: int = 200, statuses: tuple[int, ...] = ()) -> str | None:
    data = found if isinstance(found, bytes) else json.dumps(found).encode()
    return strangeness(Response(status=status, body=data), statuses, body)


@pytest.mark.parametrize(
    "body", [None, {}, {"status": "CREATED"}, {"deep": {"a": {}}}, {"lines": [{"of": "BOOK"}], "paid": True}, '"orderId"']
)
def test_what_is_expected_may_be_less_than_what_comes(body: Any) -> None:
    assert said(body) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"status": "REJECTED"}, '\'status\' is "CREATED", expected "REJECTED"'),
        ({"total": 3}, "the body has no 'total'"),
        ({"deep": {"a": {"b": 2}}}, "'b' is 1, expected 2"),
        ({"deep": {"a": {"c": 2}}}, "'a' has no 'c'"),
        ({"status": {"is": "CREATED"}}, "'status' is \"CREATED\", expected a mapping"),
        ({"paid": 1}, "'paid' is true, expected 1"),
        ({"lines": []}, '\'lines\' is [{"of": "BOOK"}], expected []'),
        ("sold out", 'the body does not hold "sold out"'),
    ],
)
def test_a_body_that_is_otherwise_is_strange(body: Any, why: str) -> None:
    assert said(body) == why


def test_a_body_that_is_no_json_has_no_keys() -> None:
    assert said({"a": 1}, found=b"<html>") == "the body is no JSON"
    assert said({"a": 1}, found=[1]) == "the body is [1], expected a mapping"


def test_long_values_are_cut_short() -> None:
    assert said({"a": 1}, found={"a": "x" * 500}) == f"'a' is \"{'x' * 56}..., expected 1"


def test_a_status_that_is_expected_is_no_failure_and_any_other_is_told() -> None:
    assert said(None, status=404, statuses=(404, 410)) is None
    assert said(None, status=200, statuses=(404, 410)) == "status 200, expected 404 or 410"
    # Without a list the status says all there is to say.
    assert said(None, status=503) == ""
