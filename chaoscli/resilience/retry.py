"""Whether to try again: after what, and how often.

A failure of the connection, a timeout, a 5xx and 429 are worth another try; any other 4xx says that the same request will
fail again. Envoy's ``connect-failure``, ``reset`` and ``5xx`` and gRPC's UNAVAILABLE draw the line about there. The method
is not asked about: whether a POST may run twice is the callee's promise (an idempotency key), and what happens without
it is a lesson.
"""

from __future__ import annotations

from chaoscli.messages import Result
from chaoscli.resilience.policy import Retry

_TOO_MANY_REQUESTS = 429  # RFC 6585, section 4: "later" is part of its meaning
_WITHOUT_ANSWER = frozenset({Result.TIMEOUT, Result.REFUSED, Result.RESET})


def is_passing(result: Result, status: int) -> bool:
    """The failure may pass by itself: another try, or an older answer, makes sense."""
    if result is Result.FAILED:
        return status >= 500 or status == _TOO_MANY_REQUESTS
    return result in _WITHOUT_ANSWER


def wants_retry(retry: Retry | None, attempt: int, result: Result, status: int) -> bool:
    """After attempt number ``attempt`` (from 1) ended so: the settings ask for another one."""
    return retry is not None and attempt < retry.attempts and is_passing(result, status)
