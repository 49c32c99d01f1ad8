"""A connection whose two ends are joined, where the link has faults, by a course for each direction; of sockets or of memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, Self, TypeVar

from chaoscli.faults.base import Direction
from chaoscli.proxy.course import Course, Store
from chaoscli.proxy.exchange import Exchange
from chaoscli.proxy.side import Side
from chaoscli.proxy.tally import Tally, Watched

S = TypeVar("S", bound=Side)
_OPPOSITE = {Direction.REQUEST: Direction.REPLY, Direction.REPLY: Direction.REQUEST}


class FaultedConnection(ABC, Generic[S]):
    """``number`` counts the connections of the link from 1. ``closed`` is called once, when both ends are gone."""

    __slots__ = ("_closed", "_courses", "_store", "callee", "caller", "exchange", "is_closed", "number")

    def __init__(
        self, number: int, ends: Callable[[Self], tuple[S, S]], *, exchange: Exchange | None, store: Store,
        closed: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self.number = number
        self.exchange = exchange
        self.is_closed = False
        self._store = store
        self._closed = closed
        self._courses: dict[Direction, Course] = {}
        self.caller, self.callee = ends(self)

    @property
    @abstractmethod
    def dialled(self) -> bool:
        """The callee's end has somebody behind it, or is about to."""

    # -- faults ----------------------------------------------------------------------------------------------------------

    def add(self, direction: Direction, flow: Watched) -> None:
        """One more fault on one direction."""
        if not self.is_closed:
            course = self._course(direction)
            course.change((*course.flows, flow))

    def take_away(self, tally: Tally) -> None:
        """One fault less on the direction it was counted for, if it struck this connection at all."""
        direction = tally.direction
        course = self._courses.get(direction)
        if self.is_closed or course is None or not any(flow.tally is tally for flow in course.flows):
            return
        course.change([flow for flow in course.flows if flow.tally is not tally])
        if not course.needed:
            del self._courses[direction]
            self._end(direction).course = None

    def update(self, flow: Watched, order: Sequence[Tally]) -> None:
        """Other settings of a fault, in its place; ``order`` is that of all faults of the link, should it be new here."""
        if self.is_closed:
            return
        course = self._course(flow.tally.direction)
        old = next((one for one in course.flows if one.tally is flow.tally), None)
        if old is None:
            course.change(sorted((*course.flows, flow), key=lambda one: order.index(one.tally)))
        else:
            course.replace(old, flow)

    def _course(self, direction: Direction) -> Course:
        course = self._courses.get(direction)
        if course is None:
            end = self._end(direction)
            course = self._courses[direction] = end.course = Course(end, direction, self._store, self.exchange)
        return course

    def _end(self, direction: Direction) -> S:
        return self.caller if direction is Direction.REQUEST else self.callee

    def converse(self, exchange: Exchange | None) -> None:
        """From here on an exchange takes part in both directions, or none does any more."""
        self.exchange = exchange
        request, reply = self._course(Direction.REQUEST), self._course(Direction.REPLY)
        request.opposite, reply.opposite = reply, request
        for course in (request, reply):
            course.exchange = exchange

    # -- the end of it ---------------------------------------------------------------------------------------------------

    def broke(self, end: S) -> None:
        """The socket of ``end`` failed. What it had sent goes on its way, with a reset behind it."""
        direction = Direction.REQUEST if end is self.caller else Direction.REPLY
        course = self._courses.get(direction)
        if course is None or (end is self.caller and not self.dialled):
            self.close(reset=True)
            return
        end.read_ended = True
        end.close()
        opposite = self._courses.get(_OPPOSITE[direction])
        if opposite is not None:
            opposite.close()
        end.other.resume()  # only to hear when it ends; there is nobody to pass it on to
        course.broke()
        self.settle()

    def settle(self) -> None:
        """Close once both streams have ended and nothing of them is on its way."""
        if not (self.caller.read_ended and self.callee.read_ended):
            return
        if self.caller.waiting is None and self.callee.waiting is None and not any(one.busy for one in self._courses.values()):
            self.close()

    def close(self, *, reset: bool = False) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        for course in self._courses.values():
            course.close()
        self.caller.close(reset=reset)
        self.callee.close(reset=reset)
        self._closed(self)
