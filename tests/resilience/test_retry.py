from __future__ import annotations

import pytest

from chaoscli.messages import Result
from chaoscli.resilience.policy import Retry
from chaoscli.resilience.retry import is_passing, wants_retry


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


def test_the_first_try_counts_as_one_of_the_attempts() -> None:
    retry = Retry(attempts=3)

    assert [wants_retry(retry, attempt, Result.TIMEOUT, 0) for attempt in (1, 2, 3, 4)] == [True, True, False, False]


def test_one_attempt_is_no_retry() -> None:
    assert not wants_retry(Retry(attempts=1), 1, Result.TIMEOUT, 0)


def test_without_a_retry_nothing_is_tried_again() -> None:
    assert not wants_retry(None, 1, Result.TIMEOUT, 0)


def test_success_is_not_tried_again() -> None:
    assert not wants_retry(Retry(attempts=3), 1, Result.OK, 200)
