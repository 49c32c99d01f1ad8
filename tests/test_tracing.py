from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import ATTEMPT, CALLER, REQUEST_ID, SENT_AT, TRACE_PARENT, Headers
from chaoscli.tracing import call_headers, trace_id


def headers(*, attempt: int = 1, cause: str = "", call: str = "", request: str = "shoppers-1") -> Headers:
    return call_headers(
        seed=7, caller="order", callee="inventory", request=request, attempt=attempt, wall_s=1.5e9, cause=cause, call=call
    )


def trace_parent(found: Headers) -> list[str]:
    return dict(found)[TRACE_PARENT].split("-")


def test_a_call_says_who_asks_for_what_and_when() -> None:
    found = dict(headers(attempt=2))

    del found[TRACE_PARENT]
    assert found == {REQUEST_ID: "shoppers-1", CALLER: "order", ATTEMPT: "2", SENT_AT: "1500000000.000000"}


def test_attempts_are_spans_of_their_own_in_one_trace() -> None:
    first, second = trace_parent(headers(attempt=1)), trace_parent(headers(attempt=2))

    assert first[1] == second[1]
    assert first[2] != second[2]
    assert [len(part) for part in first] == [2, 32, 16, 2]


def test_two_calls_for_one_request_are_spans_of_their_own() -> None:
    assert trace_parent(headers(call="/check"))[2] != trace_parent(headers(call="/reserve"))[2]


def test_the_trace_of_the_cause_is_carried_on() -> None:
    cause = f"00-{'ab' * 16}-{'cd' * 8}-01"

    assert trace_parent(headers(cause=cause))[1] == "ab" * 16


def test_the_same_seed_gives_the_same_headers() -> None:
    assert headers() == headers()


@given(st.text(max_size=60) | st.just(f"00-{'0' * 32}-{'1' * 16}-01"))
def test_a_cause_that_is_no_traceparent_starts_a_trace_of_its_own(cause: str) -> None:
    assert trace_id(7, "shoppers-1", cause) == trace_id(7, "shoppers-1")
