from __future__ import annotations

import pytest

from chaoscli.messages import RETRY_AFTER, Response, Result
from chaoscli.resilience.ending import Ending, answered, is_passing
from chaoscli.resilience.policy import FailureKind, Retry
from chaoscli.resilience.retry import retry_after_s, wants_retry


@pytest.mark.parametrize(
    ("result", "status", "expected"),
    [
        (Result.OK, 200, False),
        (Result.FALLBACK, 200, False),
        (Result.TIMEOUT, 0, True),
        (Result.REFUSED, 0, True),
        (Result.RESET, 0, True),
        (Result.UNANSWERED, 0, False),
        (Result.FAILED, 400, False),
        (Result.FAILED, 404, False),
        (Result.FAILED, 409, False),
        (Result.FAILED, 428, False),
        (Result.FAILED, 429, True),
        (Result.FAILED, 499, False),
        (Result.FAILED, 500, True),
        (Result.FAILED, 503, True),
        (Result.FAILED, 599, True),
    ],
)
def test_what_may_pass_by_itself(result: Result, status: int, expected: bool) -> None:
    assert is_passing(result, status) is expected


LATE = Ending(result=Result.TIMEOUT)


def test_the_first_try_counts_as_one_of_the_attempts() -> None:
    retry = Retry(attempts=3)

    assert [wants_retry(retry, tried, LATE) for tried in (1, 2, 3, 4)] == [True, True, False, False]


def test_one_attempt_is_no_retry() -> None:
    assert not wants_retry(Retry(attempts=1), 1, LATE)


def test_without_a_retry_nothing_is_tried_again() -> None:
    assert not wants_retry(None, 1, LATE)


def test_success_is_not_tried_again() -> None:
    assert not wants_retry(Retry(attempts=3), 1, Ending(result=Result.OK, response=Response(status=200)))


ENDINGS: dict[FailureKind, Ending] = {
    "timeout": LATE,
    "refused": Ending(result=Result.REFUSED),
    "reset": Ending(result=Result.RESET),
    "failed": answered(Response(status=503)),
    "rejected": Ending(result=Result.REFUSED, rejected=True),
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_what_is_tried_again_can_be_narrowed_to_one_way_of_failing(kind: FailureKind) -> None:
    retry = Retry(on=(kind,))

    assert [name for name, ending in ENDINGS.items() if wants_retry(retry, 1, ending)] == [kind]


def test_all_ways_of_failing_are_tried_again_unless_it_is_narrowed() -> None:
    assert [name for name, ending in ENDINGS.items() if wants_retry(Retry(), 1, ending)] == list(ENDINGS)


def test_statuses_replace_the_usual_ones() -> None:
    retry = Retry(statuses=(409, 503))
    found = [status for status in (200, 400, 409, 429, 500, 503) if wants_retry(retry, 1, answered(Response(status=status)))]

    assert found == [409, 503]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("3", 3.0),
        (" 120 ", 120.0),
        ("9" * 400, float("9" * 18)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0.0),  # past: come at once
        ("", None),
        ("1.5", None),
        ("-1", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_of_the_answers_own_clock(text: str, seconds: float | None) -> None:
    headers = (("date", "Sun, 06 Nov 1994 08:49:30 GMT"), (RETRY_AFTER, text))

    assert retry_after_s(Response(status=503, headers=headers)) == seconds


def test_a_date_without_a_date_to_count_from_says_nothing() -> None:
    assert retry_after_s(Response(status=503, headers=((RETRY_AFTER, "Sun, 06 Nov 1994 08:49:37 GMT"),))) is None
    assert retry_after_s(None) is None
