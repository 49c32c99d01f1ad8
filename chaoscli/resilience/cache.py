"""Answers kept for a while, and who asks for new ones: everyone, or one while the others wait or take what is stale.

What may be kept is what RFC 9111 lets a private cache keep without being told anything: good answers to GET and HEAD. A reply
that was itself served from a memory is not kept; its age would start anew.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from chaoscli.messages import Request, Response
from chaoscli.resilience.fallback import MOST_REMEMBERED, is_keepable
from chaoscli.resilience.policy import Cache

Flight = TypeVar("Flight")
Question = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """No need to ask."""

    response: Response
    age_s: float
    source: Literal["fresh", "stale"]


class Kept(Generic[Flight]):
    """What one caller keeps of one callee's answers. A flight is whatever those who wait for an answer can be told by."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._answers: OrderedDict[Question, tuple[float, Response]] = OrderedDict()
        self._flights: dict[Question, Flight] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def ask(self, request: Request, now: float) -> Hit | Flight | None:
        """An answer that is kept; the flight that is on its way for one; None: go and ask, telling take-off and landing."""
        question = _question(request)
        found, flight = self._answers.get(question), self._flights.get(question)
        if found is not None:
            at, response = found
            age_s = now - at
            if age_s < self._cache.ttl:
                return Hit(response=response, age_s=age_s, source="fresh")
            if flight is not None and age_s < self._cache.ttl + self._cache.stale:
                return Hit(response=response, age_s=age_s, source="stale")
        return flight

    def take_off(self, request: Request, flight: Flight) -> None:
        """Somebody is asking the callee. Where everyone does so, nobody waits for this flight."""
        if self._cache.refresher == "one":
            self._flights[_question(request)] = flight

    def land(self, request: Request, flight: Flight, response: Response | None, now: float) -> None:
        """The flight came back, with an answer or without."""
        question = _question(request)
        if self._flights.get(question) is flight:
            del self._flights[question]
        if response is None or not is_keepable(request, response):
            return
        self._answers[question] = (now, response)
        self._answers.move_to_end(question)
        if len(self._answers) > MOST_REMEMBERED:
            self._answers.popitem(last=False)


def _question(request: Request) -> Question:
    return request.method, request.target
