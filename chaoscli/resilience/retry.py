"""Whether to try again: after what, how often, and not before the callee said.

The method is not asked about: whether a POST may run twice is the callee's promise (an idempotency key), and what happens
without it is a lesson.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from chaoscli.messages import RETRY_AFTER, Response, Result
from chaoscli.resilience.ending import Ending
from chaoscli.resilience.policy import FailureKind, Retry

_KINDS: dict[Result, FailureKind] = {
    Result.TIMEOUT: "timeout",
    Result.REFUSED: "refused",
    Result.RESET: "reset",
    Result.FAILED: "failed",
}


def wants_retry(retry: Retry | None, tried: int, ending: Ending) -> bool:
    """After so many tries, the last of which ended so, the settings ask for another one."""
    if retry is None or tried >= retry.attempts:
        return False
    if ending.rejected:
        return "rejected" in retry.on
    kind = _KINDS.get(ending.result)
    if kind is None or kind not in retry.on:
        return False
    return ending.status in retry.statuses if kind == "failed" and retry.statuses else ending.is_passing


def retry_after_s(response: Response | None) -> float | None:
    """Seconds that the answer asks to be left in peace (RFC 9110, section 10.2.3); None when it does not say, or nothing
    that can be understood. A date counts from the answer's own Date, so that nobody's clock need be right."""
    text = response.header(RETRY_AFTER).strip() if response is not None else ""
    if not text or response is None:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:18])  # more digits than any patience has
    try:
        seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(response.header("date"))).total_seconds()
    except (TypeError, ValueError):
        return None
    return max(0.0, seconds)
