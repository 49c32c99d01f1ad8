from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import DEADLINE, EXPIRES_AT, REQUEST_ID, Headers, Request
from chaoscli.resilience.deadline import deadline_headers, expires_at, left_s, received


def request(*headers: tuple[str, str]) -> Request:
    return Request(method="GET", target="/", headers=headers)


@pytest.mark.parametrize(
    ("seconds", "headers"), [(0.793, ((DEADLINE, "0.793000"),)), (-1.0, ((DEADLINE, "0.000000"),)), (math.inf, ())]
)
def test_what_is_left_is_said_in_seconds(seconds: float, headers: Headers) -> None:
    assert deadline_headers(seconds) == headers


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "1e3", "1" * 11, "1.", ".5", "٣", "1,5"])
def test_nonsense_is_no_deadline(text: str) -> None:
    assert math.isinf(left_s(request((DEADLINE, text))))


@given(st.floats(0.0, 1e9))
def test_what_was_said_is_what_is_read_to_the_microsecond(seconds: float) -> None:
    assert left_s(request(*deadline_headers(seconds))) == pytest.approx(seconds, abs=1e-6)


def test_a_request_expires_so_long_after_it_was_received() -> None:
    there = received(request((REQUEST_ID, "r1"), (DEADLINE, "0.5")), 100.0)

    assert (expires_at(there), there.header(REQUEST_ID), there.header(DEADLINE)) == (100.5, "r1", "0.5")


def test_a_request_that_says_nothing_never_expires_and_is_left_as_it_is() -> None:
    plain = request((REQUEST_ID, "r1"))

    assert received(plain, 100.0) is plain
    assert math.isinf(expires_at(plain))


def test_an_instant_from_outside_is_of_nobodys_clock() -> None:
    assert received(request((EXPIRES_AT, "rubbish"), (DEADLINE, "2")), 100.0).headers == ((DEADLINE, "2"), (EXPIRES_AT, "102.0"))
    assert received(request((EXPIRES_AT, "5.0")), 100.0).headers == ()
