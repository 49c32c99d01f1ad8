"""What to answer when the callee does not: the last good answer to the same question, or a reply written beforehand.

Only answers to safe methods (RFC 9110, section 9.2.1) are kept: an old reply to a POST would claim an effect that this
request never had. A reply that was itself served from a memory is not kept either; its age would start anew.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from chaoscli.compact import compact
from chaoscli.messages import SERVED_AS, Request, Response
from chaoscli.resilience.ending import FALLBACK_MARK, is_fallback
from chaoscli.resilience.policy import Reply

# Questions remembered for each callee, the longest unused forgotten first: more than a play asks, and a few hundred KB at most.
MOST_REMEMBERED = 1000

_SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    response: Response
    age_s: float


def is_safe(request: Request) -> bool:
    """It asks for something, and for nothing to be done."""
    return request.method in _SAFE_METHODS


def is_keepable(request: Request, response: Response) -> bool:
    """A good answer of the callee's own, to a question that may be asked again."""
    return is_safe(request) and response.status < 400 and not is_fallback(response)


def fixed(reply: Reply, request: Request) -> Response | None:
    """The reply written beforehand, marked as a fallback; None where it may not stand in."""
    if request.method not in reply.methods:
        return None
    body = b"" if reply.json is None else compact(reply.json).encode()
    content = (("content-type", "application/json"),) if body else ()
    return Response(status=reply.status, headers=(*content, (SERVED_AS, FALLBACK_MARK)), body=body)


class LastGood:
    """What one caller remembers of one callee. Times are seconds on the caller's monotonic clock."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], tuple[float, Response]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def remember(self, request: Request, response: Response, now: float) -> None:
        if not is_keepable(request, response):
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
        marked = Response(status=response.status, headers=(*response.headers, (SERVED_AS, FALLBACK_MARK)), body=response.body)
        return Remembered(response=marked, age_s=now - at)
