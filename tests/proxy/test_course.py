"""One direction of one connection, on a virtual clock: how much of it is cut small at a time, and that nothing is lost by it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from chaoscli.faults.base import ByteFault, Direction
from chaoscli.faults.latency import Latency
from chaoscli.faults.silence import Silence
from chaoscli.faults.slicer import Slicer
from chaoscli.proxy import course as course_module
from chaoscli.proxy import side
from chaoscli.proxy.course import ALWAYS_ALLOWED_BYTES, MOST_PIECES, PIECE_BYTES, Course, Store
from chaoscli.proxy.tally import Tally, Watched

ONE_READ = bytes(range(256)) * 256
# What a single connection may hold of single bytes when its link is full already.
MOST_SINGLE_BYTES = ALWAYS_ALLOWED_BYTES // PIECE_BYTES + MOST_PIECES + 1


class Timers:
    """A clock that jumps to what is due."""

    def __init__(self) -> None:
        self._now = 0.0
        self._due: list[tuple[float, int, Callable[[Any], None], Any]] = []

    @property
    def now(self) -> Callable[[], float]:
        return lambda: self._now

    def at(self, when: float, call: Callable[[Any], None], argument: Any) -> None:
        heapq.heappush(self._due, (when, len(self._due), call, argument))

    def run(self, rounds: int = 1_000_000) -> None:
        while self._due and self._due[0][0] < float("inf") and rounds:
            self._now, _, call, argument = heapq.heappop(self._due)
            call(argument)
            rounds -= 1


class Side:
    """Either end, and the connection that owns both: keeps what reaches it."""

    def __init__(self, engine: Timers) -> None:
        self.engine: side.Timers = engine
        self.course: side.Course | None = None
        self.read_ended = False
        self.waiting: bytearray | None = None
        self.bytes_read = 0
        self.full = False
        self.is_paused = False
        self.pieces: list[bytes] = []
        self.ended_by = ""
        self.other: side.Side = self
        self.owner: side.Pair = self

    def write(self, data: bytes) -> bool:
        self.pieces.append(bytes(data))
        return True

    def finish(self) -> None:
        self.ended_by = "end"

    def close(self, *, reset: bool = False) -> None:
        """The one that reads asks for it; the other one sees it."""
        assert isinstance(self.other, Side)
        self.other.ended_by = "reset" if reset else "close"

    def settle(self) -> None: ...

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        assert self.course is not None
        self.is_paused = not self.course.has_room


class Way:
    """A course from one side to the other, over a link that other connections have filled."""

    def __init__(self, *faults: ByteFault) -> None:
        self.timers = Timers()
        self.near, self.far = Side(self.timers), Side(self.timers)
        self.near.other = self.far
        self.course = self.near.course = Course(
            self.near, Direction.REQUEST, Store(held=course_module.MOST_HELD_BY_LINK_BYTES), None
        )
        self.under(*faults)

    def under(self, *faults: ByteFault) -> None:
        self.course.change([Watched(fault.flow(Random(1)), Tally("fault", "a -> b", Direction.REQUEST)) for fault in faults])

    @property
    def held(self) -> int:
        return len(self.course._pending)


SINGLE_BYTES = Slicer(average_size=1.0, delay=0.001)


def test_a_read_is_cut_into_single_bytes_a_portion_at_a_time() -> None:
    way = Way(SINGLE_BYTES)
    way.course.received(ONE_READ)
    assert 0 < way.held <= MOST_SINGLE_BYTES
    assert way.near.is_paused
    way.timers.run(rounds=1000)
    assert 0 < way.held <= MOST_SINGLE_BYTES
    assert len(way.far.pieces) >= 1000
    assert way.near.is_paused


def test_without_portions_one_read_would_be_tens_of_thousands_of_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_module, "MOST_PIECES", 1 << 20)
    way = Way(SINGLE_BYTES)
    way.course.received(ONE_READ)
    assert way.held >= len(ONE_READ) - 1  # the first one has gone


def test_all_of_it_arrives_in_order_and_the_end_behind_it() -> None:
    way = Way(SINGLE_BYTES)
    way.course.received(ONE_READ)
    way.near.read_ended = True
    way.course.ended()
    assert way.course.busy
    way.timers.run()
    assert way.far.pieces == [bytes([byte]) for byte in ONE_READ]
    assert way.far.ended_by == "end"
    assert not way.course.busy


def test_the_reset_of_a_sender_waits_for_what_it_had_sent() -> None:
    way = Way(SINGLE_BYTES)
    way.course.received(ONE_READ)
    way.near.read_ended = True
    way.course.broke()
    assert way.far.ended_by == ""
    way.timers.run()
    assert (b"".join(way.far.pieces), way.far.ended_by) == (ONE_READ, "reset")


def test_when_the_slicer_goes_the_rest_leaves_in_few_pieces_and_the_sender_may_go_on() -> None:
    way = Way(SINGLE_BYTES)
    way.course.received(ONE_READ)
    way.course.received(b"more")
    before = len(way.far.pieces)
    way.under()
    assert b"".join(way.far.pieces) == ONE_READ + b"more"
    # What was held, and what had not been cut yet.
    assert len(way.far.pieces) - before <= 2
    assert not way.near.is_paused


def test_when_the_slices_grow_the_rest_is_cut_anew() -> None:
    way = Way(SINGLE_BYTES)
    way.course.received(ONE_READ)
    way.under(Slicer(average_size=16384.0))
    assert b"".join(way.far.pieces) == ONE_READ
    assert len(way.far.pieces[-1]) > 1000


def test_behind_a_silence_the_rest_waits_for_the_heal() -> None:
    way = Way(Silence(), SINGLE_BYTES)
    way.course.received(ONE_READ)
    way.timers.run()
    assert way.far.pieces == []
    way.under()
    assert b"".join(way.far.pieces) == ONE_READ


def test_faults_that_cut_nothing_get_whole_reads() -> None:
    way = Way(Latency(delay=0.1))
    way.course.received(ONE_READ)
    assert way.held == 1


def test_a_closed_connection_lets_go_of_what_was_not_cut_yet() -> None:
    way = Way(SINGLE_BYTES)
    way.course.received(ONE_READ)
    way.course.close()
    assert not way.course.busy
    sent = len(way.far.pieces)
    way.timers.run()
    assert len(way.far.pieces) == sent
