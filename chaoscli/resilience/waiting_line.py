"""Who waits for a worker, who is next, and who has to go when there are too many.

First come, first served is fair, and under overload serves everybody too late. Last in, first out serves some in time; with
it a full line drops its oldest, who is the likeliest to have left. Ben Maurer, "Fail at Scale", ACM Queue 13(8), 2015, tells
of both at Facebook. Who has left by his own word, a deadline, need not be served at all.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, Literal, Protocol, TypeVar

Discipline = Literal["fifo", "lifo"]


class Waiting(Protocol):
    """One who waits, until the instant ``expires_at`` at most."""

    @property
    def expires_at(self) -> float: ...


W = TypeVar("W", bound=Waiting)


class WaitingLine(Generic[W]):
    """At most ``length`` wait; ``drops_expired`` says whether deadlines are heeded."""

    def __init__(self, length: int, discipline: Discipline, *, drops_expired: bool) -> None:
        self._length = length
        self._lifo = discipline == "lifo"
        self._drops_expired = drops_expired
        self._line: deque[W] = deque()  # the oldest first

    def __len__(self) -> int:
        return len(self._line)

    def join(self, one: W) -> W | None:
        """``one`` gets in line; who has no place any more is returned: the same one, or the oldest in its stead."""
        self._line.append(one)
        if len(self._line) <= self._length:
            return None
        return self._line.popleft() if self._lifo else self._line.pop()

    def next(self) -> W | None:
        """Whose turn it is; None when nobody waits."""
        if not self._line:
            return None
        return self._line.pop() if self._lifo else self._line.popleft()

    def leave(self, one: W) -> bool:
        """Stop waiting; false for one who is not in line any more."""
        if one not in self._line:
            return False
        self._line.remove(one)
        return True

    def expired(self, now: float) -> list[W]:
        """Those whose time is over, who thereby leave; the oldest first."""
        if not self._drops_expired:
            return []
        gone = [one for one in self._line if one.expires_at <= now]
        if gone:
            self._line = deque(one for one in self._line if one.expires_at > now)
        return gone
