"""A bulkhead: so many calls to one callee at once, so many waiting in order, the rest turned away.

The name and the idea are Michael Nygard's (Release It!, 2007). It decides; whoever holds the ticket does the waiting.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Generic, TypeVar

from chaoscli.resilience.policy import Bulkhead

Ticket = TypeVar("Ticket")


class Entry(Enum):
    GO = auto()  # the slot is yours
    WAIT = auto()  # your ticket is in the queue
    FULL = auto()  # turned away


class Compartment(Generic[Ticket]):
    """The calls of one caller to one callee. A ticket is whatever the waiting one can be told by."""

    def __init__(self, bulkhead: Bulkhead) -> None:
        self._bulkhead = bulkhead
        self._waiting: deque[Ticket] = deque()
        self.busy = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def enter(self, ticket: Ticket) -> Entry:
        if self.busy < self._bulkhead.slots:
            self.busy += 1
            return Entry.GO
        if len(self._waiting) < self._bulkhead.queue:
            self._waiting.append(ticket)
            return Entry.WAIT
        return Entry.FULL

    def leave(self) -> Ticket | None:
        """Give a slot back. The ticket returned, if any, has it now: the slot never falls free in between."""
        if self._waiting:
            return self._waiting.popleft()
        self.busy -= 1
        return None

    def withdraw(self, ticket: Ticket) -> bool:
        """Stop waiting. False when the ticket is not in the queue any more: then it holds a slot, which must be left."""
        if ticket not in self._waiting:
            return False
        self._waiting.remove(ticket)
        return True
