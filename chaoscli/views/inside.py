"""What goes on inside callers and nodes, beside the latencies it leads to: the states of breakers, and the lengths of queues."""

from __future__ import annotations

from collections.abc import Iterable

from chaoscli.events import Arrived, BreakerChanged
from chaoscli.views.scene import BreakerRow, QueueRow

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"
# In a slice of time in which a breaker was several things, what is told is the rarest of them.
_TELLING = (CLOSED, OPEN, HALF_OPEN)


class BreakerWatch:
    """The states of one variant's breakers by column. One that never changed is closed, and not worth a row."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._changes: dict[str, list[tuple[int, str]]] = {}  # the column of each change, and into what

    def feed(self, event: BreakerChanged, column: int) -> None:
        self._changes.setdefault(f"{event.caller} -> {event.callee}", []).append((column, event.state))

    def rows(self, until: int) -> tuple[BreakerRow, ...]:
        """Up to the column ``until``, which is now; what is to come is blank."""
        return tuple(
            BreakerRow(
                link=link,
                columns=(*_states(changes, until + 1), *[""] * (self._width - until - 1)),
                opened=_openings(state for _, state in changes),
            )
            for link, changes in self._changes.items()
        )


def _states(changes: list[tuple[int, str]], width: int) -> list[str]:
    states = [CLOSED] * width
    for column, state in changes:
        if column < width:
            states[column] = max(states[column], state, key=_TELLING.index)
            states[column + 1 :] = [state] * (width - column - 1)
    return states


def _openings(states: Iterable[str]) -> int:
    """How often it opened after a time of being closed; trials that fail are not counted."""
    opened, before = 0, CLOSED
    for state in states:
        opened += state == OPEN and before == CLOSED
        before = state
    return opened


class QueueWatch:
    """The longest queue that a request found at each node, by column and in all."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._columns: dict[str, list[int]] = {}
        self._longest: dict[str, int] = {}

    def feed(self, event: Arrived, column: int | None) -> None:
        """Without a column it counts, and has no place on the axis."""
        if not event.queue:
            return
        self._longest[event.node] = max(self._longest.get(event.node, 0), event.queue)
        columns = self._columns.setdefault(event.node, [0] * self._width)
        if column is not None:
            columns[column] = max(columns[column], event.queue)

    def rows(self) -> tuple[QueueRow, ...]:
        return tuple(
            QueueRow(node=node, columns=tuple(self._columns[node]), longest=longest) for node, longest in self._longest.items()
        )
