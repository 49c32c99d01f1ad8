"""Message store: what a broker has accepted, and which group of consumers has still to work off which message.

Every method is committed when it returns. A message is a row for as long as some group has not acknowledged it; what a group
has to do with it, a row of its own. A group that is new finds all that is kept then.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass

from chaoscli.services.node import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """``body`` is JSON text; ``request``, ``trace`` and ``sent_at`` came with it. ``number`` is 0 before it is kept."""

    number: int = 0
    topic: str
    request: str
    trace: str
    sent_at: str
    body: str


class MessageStore:
    """Instants are on the host's monotonic clock, which a restart of the node does not touch."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(
            "CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
            " request TEXT NOT NULL, trace TEXT NOT NULL, sent_at TEXT NOT NULL, body TEXT NOT NULL)"
        )
        database.execute("CREATE INDEX IF NOT EXISTS by_topic ON messages (topic, number)")
        database.execute("CREATE TABLE IF NOT EXISTS groups (topic TEXT, name TEXT, PRIMARY KEY (topic, name)) WITHOUT ROWID")
        database.execute(
            "CREATE TABLE IF NOT EXISTS due (topic TEXT, name TEXT, number INTEGER, hidden_until REAL NOT NULL DEFAULT 0,"
            " deliveries INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (topic, name, number)) WITHOUT ROWID"
        )
        database.execute("CREATE INDEX IF NOT EXISTS by_number ON due (number)")
        self._kept = Counter(dict(database.execute("SELECT topic, count(*) FROM messages GROUP BY topic").fetchall()))
        self._groups: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for topic, name in database.execute("SELECT topic, name FROM groups ORDER BY topic, name").fetchall():
            self._groups[topic] += (name,)

    def kept(self, topic: str) -> int:
        return self._kept[topic]

    def groups(self, topic: str) -> tuple[str, ...]:
        return self._groups[topic]

    def latest(self, most: int) -> list[Message]:
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM messages ORDER BY number DESC LIMIT ?", (most,)).fetchall()
        return [_message_of(row) for row in rows[::-1]]

    @property
    def highest(self) -> int:
        """The number of the youngest message there ever was."""
        row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
        return int(row[0]) if row else 0

    def keep(self, message: Message) -> int:
        """The number it is kept under, from now on and for every group of its topic."""
        with transaction(self._database):
            number = self._insert(message)
        self._kept[message.topic] += 1
        return number

    def join(self, topic: str, group: str) -> None:
        """Make the group, which there was not, and give it to do what is kept."""
        with transaction(self._database):
            self._database.execute("INSERT INTO groups VALUES (?, ?)", (topic, group))
            find = "INSERT INTO due (topic, name, number) SELECT topic, ?, number FROM messages WHERE topic = ?"
            self._database.execute(find, (group, topic))
        self._groups[topic] += (group,)

    def lease(self, topic: str, group: str, *, now: float, until: float, in_order: bool) -> tuple[Message, int] | None:
        """The oldest message that nobody works on, hidden ``until`` then, and which delivery it is. ``in_order``: none as long
        as somebody works on an older one."""
        first = "due.topic = ? AND due.name = ? {} ORDER BY due.number LIMIT 1"
        wanted = first.format("" if in_order else "AND hidden_until <= ?")
        found = self._due(wanted, topic, group) if in_order else self._due(wanted, topic, group, now)
        if not found or found[0].hidden_until > now:
            return None
        lease = "UPDATE due SET hidden_until = ?, deliveries = deliveries + 1 WHERE topic = ? AND name = ? AND number = ?"
        self._database.execute(lease, (until, topic, group, found[0].message.number))
        return found[0].message, found[0].deliveries + 1

    def returns_at(self, topic: str, group: str, *, in_order: bool) -> float | None:
        """When the next lease may find something that is out now; None when nothing is."""
        order = "number" if in_order else "hidden_until"
        find = f"SELECT hidden_until FROM due WHERE topic = ? AND name = ? ORDER BY {order} LIMIT 1"
        row = self._database.execute(find, (topic, group)).fetchone()
        return float(row[0]) if row else None

    def acknowledge(self, topic: str, group: str, number: int) -> tuple[Message, int] | None:
        """The message that is done, and after how many deliveries; None when the group had nothing to do with it."""
        found = self._due("due.topic = ? AND due.name = ? AND due.number = ?", topic, group, number)
        if not found:
            return None
        with transaction(self._database):
            self._leave(topic, group, number)
        return found[0].message, found[0].deliveries

    def failed(self, topic: str, group: str, *, now: float, deliveries: int) -> list[tuple[Message, int]]:
        """Messages that came back after so many deliveries, or more, and how many."""
        back = "due.topic = ? AND due.name = ? AND hidden_until <= ? AND deliveries >= ? ORDER BY due.number"
        return [(one.message, one.deliveries) for one in self._due(back, topic, group, now, deliveries)]

    def move(self, message: Message, group: str, topic: str) -> int:
        """The group is done with it; it goes to ``topic`` as a message of its own, whose number is answered. Both or neither."""
        with transaction(self._database):
            self._leave(message.topic, group, message.number)
            moved = Message(topic=topic, request=message.request, trace=message.trace, sent_at=message.sent_at, body=message.body)
            number = self._insert(moved)
        self._kept[topic] += 1
        return number

    def _insert(self, message: Message) -> int:
        number = self._database.execute(
            "INSERT INTO messages (topic, request, trace, sent_at, body) VALUES (?, ?, ?, ?, ?)",
            (message.topic, message.request, message.trace, message.sent_at, message.body),
        ).lastrowid
        give = "INSERT INTO due (topic, name, number) SELECT topic, name, ? FROM groups WHERE topic = ?"
        self._database.execute(give, (number, message.topic))
        return number or 0

    def _leave(self, topic: str, group: str, number: int) -> None:
        """It goes when no group is left that has to do with it."""
        self._database.execute("DELETE FROM due WHERE topic = ? AND name = ? AND number = ?", (topic, group, number))
        unless = "NOT EXISTS (SELECT 1 FROM due WHERE number = ?)"
        gone = self._database.execute(f"DELETE FROM messages WHERE number = ? AND {unless}", (number, number)).rowcount
        self._kept[topic] -= gone

    def _due(self, where: str, *values: object) -> list[_Due]:
        select = (
            f"SELECT {_COLUMNS}, hidden_until, deliveries FROM due JOIN messages ON messages.number = due.number WHERE {where}"
        )
        rows = self._database.execute(select, values).fetchall()
        return [_Due(_message_of(row[:6]), row[6], row[7]) for row in rows]


@dataclass(frozen=True, slots=True)
class _Due:
    message: Message
    hidden_until: float
    deliveries: int


_COLUMNS = "messages.number, messages.topic, request, trace, sent_at, body"


def _message_of(row: tuple[int, str, str, str, str, str]) -> Message:
    number, topic, request, trace, sent_at, body = row
    return Message(number=number, topic=topic, request=request, trace=trace, sent_at=sent_at, body=body)
