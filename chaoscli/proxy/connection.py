"""One proxied connection: two ends and, where the link has faults, a course for each direction between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chaoscli.faults.base import Direction
from chaoscli.proxy.course import Course, Store
from chaoscli.proxy.end import End
from chaoscli.proxy.engine import Engine
from chaoscli.proxy.exchange import Exchange
from chaoscli.proxy.sockets import Address, Socket, connecting
from chaoscli.proxy.tally import Tally, Watched

_OPPOSITE = {Direction.REQUEST: Direction.REPLY, Direction.REPLY: Direction.REQUEST}


class Connection:
    """``number`` counts the connections of the link from 1. ``closed`` is called once, when both sockets are gone."""

    __slots__ = ("_closed", "_courses", "_store", "callee", "caller", "exchange", "is_closed", "number")

    def __init__(
        self,
        engine: Engine,
        number: int,
        client: Socket,
        *,
        exchange: Exchange | None,
        store: Store,
        closed: Callable[[Connection], None],
    ) -> None:
        self.number = number
        self.exchange = exchange
        self.is_closed = False
        self._store = store
        self._closed = closed
        self._courses: dict[Direction, Course] = {}
        self.caller = End(engine, self)
        self.callee = End(engine, self)
        self.caller.other, self.callee.other = self.callee, self.caller
        if exchange is not None:
            request, reply = self._course(Direction.REQUEST), self._course(Direction.REPLY)
            request.opposite, reply.opposite = reply, request
        self.caller.open(client)

    @property
    def dialled(self) -> bool:
        return self.callee.sock is not None

    def dial(self, address: Address) -> None:
        """Start connecting; nothing waits for it. A refusal shows as a reset, the nearest thing for an accepted caller."""
        try:
            sock = connecting(address)
        except OSError:
            self.broke(self.callee)
        else:
            self.callee.open(sock)

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
        if course is None or not any(flow.tally is tally for flow in course.flows):
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

    def _end(self, direction: Direction) -> End:
        return self.caller if direction is Direction.REQUEST else self.callee

    # -- the end of it ---------------------------------------------------------------------------------------------------

    def broke(self, end: End) -> None:
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
