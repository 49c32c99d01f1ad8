"""What the two ends of a connection are to those that only carry bytes between them: of sockets, or of a simulation's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Course(Protocol):
    """The way of what one end reads through the faults of its link."""

    @property
    def has_room(self) -> bool: ...

    def received(self, data: bytes) -> None: ...

    def ended(self) -> None: ...


class Timers(Protocol):
    """What sets the pace: an engine, or a simulation's kernel."""

    @property
    def now(self) -> Callable[[], float]: ...

    def at(self, when: float, call: Callable[[Any], None], argument: Any) -> object: ...


class Pair(Protocol):
    """What holds two ends together."""

    def settle(self) -> None:
        """Both streams may be over: close if nothing of them is on its way."""

    def close(self, *, reset: bool = False) -> None: ...


class Side(Protocol):
    """What a course needs of an end, whatever stands behind it."""

    course: Course | None
    read_ended: bool

    @property
    def engine(self) -> Timers: ...

    @property
    def owner(self) -> Pair: ...

    @property
    def other(self) -> Side: ...

    @property
    def waiting(self) -> bytearray | None:
        """Accepted for this end, and not yet taken by it."""

    @property
    def bytes_read(self) -> int: ...

    @property
    def full(self) -> bool: ...

    def write(self, data: bytes) -> bool: ...

    def finish(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close(self, *, reset: bool = False) -> None: ...
