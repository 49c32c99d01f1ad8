"""The last good answer to each question, and how old it is.

Only answers to safe methods (RFC 9110, section 9.2.1) are kept: an old reply to a POST would claim an effect that this
request never had. A reply that was itself served from a memory is not kept either; its age would start anew.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from chaoscli.messages import SERVED_AS, Request, Response

# Questions remembered for each callee, the longest unused forgotten first: more than a play asks, and a few hundred KB at most.
MOST_REMEMBERED = 1000

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_FALLBACK = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    response: Response
    age_s: float


def is_fallback(response: Response) -> bool:
    """The answer says that it is not the callee's own."""
    return response.header(SERVED_AS) == _FALLBACK


class LastGood:
    """What one caller remembers of one callee. Times are seconds on the caller's monotonic clock."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], tuple[float, Response]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def remember(self, request: Request, response: Response, now: float) -> None:
        if request.method not in _SAFE_METHODS or response.status >= 400 or is_fallback(response):
            return
        question = (request.method, request.target)
        self._answers[question] = (now, response)
        self._answers.move_to_end(question)
        if len(self._answers) > MOST_REMEMBERED:
            self._answers.popitem(last=False)

    def recall(self, request: Request, now: float) -> Remembered | None:
        """The last good answer to this very question, marked as a fallback."""
        found = self._answers.get((request.method, request.target))
        if found is None:
            return None
        at, response = found
        marked = Response(status=response.status, headers=(*response.headers, (SERVED_AS, _FALLBACK)), body=response.body)
        return Remembered(response=marked, age_s=now - at)
