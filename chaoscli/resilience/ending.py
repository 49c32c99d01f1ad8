"""How one attempt, or all of them, came out; and which ways of failing may pass by themselves.

A failure of the connection, a timeout, a 5xx and 429 may pass; any other 4xx says that the same request will fail again.
Envoy's ``connect-failure``, ``reset`` and ``5xx`` and gRPC's UNAVAILABLE draw the line about there.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.messages import SERVED_AS, Response, Result

_TOO_MANY_REQUESTS = 429  # RFC 6585, section 4: "later" is part of its meaning
FALLBACK_MARK = "fallback"
_WITHOUT_ANSWER = frozenset({Result.TIMEOUT, Result.REFUSED, Result.RESET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """``rejected``: the caller's own policy let nothing out, which tells nothing about the callee."""

    result: Result
    detail: str = ""
    response: Response | None = None
    rejected: bool = False

    @property
    def status(self) -> int:
        return self.response.status if self.response else 0

    @property
    def is_passing(self) -> bool:
        return is_passing(self.result, self.status)


def is_passing(result: Result, status: int) -> bool:
    """The failure may pass by itself: another try, or an older answer, makes sense."""
    if result is Result.FAILED:
        return status >= 500 or status == _TOO_MANY_REQUESTS
    return result in _WITHOUT_ANSWER


def answered(response: Response) -> Ending:
    """How an attempt came out that this answer came to."""
    if response.status >= 400:
        return Ending(result=Result.FAILED, response=response)
    return Ending(result=Result.FALLBACK if is_fallback(response) else Result.OK, response=response)


def is_fallback(response: Response) -> bool:
    """The answer says that it is not the callee's own."""
    return response.header(SERVED_AS) == FALLBACK_MARK
