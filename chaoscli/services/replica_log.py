"""Replica log: what one replica of a store knows for good: its term, its vote, and the writes in their order.

Every method is committed when it returns. A key's value is that of its latest entry, so that taking entries back takes their
values back as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoscli.messages import REQUEST_ID, TRACE_PARENT, Request
from chaoscli.services.node import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """``value`` is JSON text. An entry without a key begins a term and writes nothing."""

    term: int
    operation: str = ""
    key: str = ""
    value: str = ""
    request: str = ""
    trace: str = ""
    number: int = 0

    @property
    def cause(self) -> Request:
        return Request(method="PUT", target="/store", headers=((REQUEST_ID, self.request), (TRACE_PARENT, self.trace)))


class ReplicaLog:
    """Entries are numbered from 1 without a gap."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(
            "CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, term INTEGER NOT NULL, operation TEXT NOT NULL,"
            " key TEXT NOT NULL, value TEXT NOT NULL, request TEXT NOT NULL, trace TEXT NOT NULL)"
        )
        database.execute("CREATE INDEX IF NOT EXISTS by_key ON log (key, number)")
        database.execute("CREATE INDEX IF NOT EXISTS by_operation ON log (operation)")
        database.execute("CREATE TABLE IF NOT EXISTS promise (term INTEGER NOT NULL, voted_for TEXT NOT NULL)")
        row = database.execute("SELECT term, voted_for FROM promise").fetchone()
        self.term, self.voted_for = (int(row[0]), str(row[1])) if row else (0, "")

    def promise(self, term: int, voted_for: str = "") -> None:
        """From now on this term and no older one, and in it a vote for no one else."""
        with transaction(self._database):
            self._database.execute("DELETE FROM promise")
            self._database.execute("INSERT INTO promise VALUES (?, ?)", (term, voted_for))
        self.term, self.voted_for = term, voted_for

    @property
    def last(self) -> int:
        """The number of the latest entry; 0 when there is none."""
        return int(self._database.execute("SELECT coalesce(max(number), 0) FROM log").fetchone()[0])

    def term_at(self, number: int) -> int:
        """The term that an entry was written in; 0 for one that there is not."""
        row = self._database.execute("SELECT term FROM log WHERE number = ?", (number,)).fetchone()
        return int(row[0]) if row else 0

    def append(self, entries: Sequence[Entry]) -> int:
        """The number of the last of them."""
        last = self.last
        with transaction(self._database):
            for number, one in enumerate(entries, last + 1):
                values = (number, one.term, one.operation, one.key, one.value, one.request, one.trace)
                self._database.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return last + len(entries)

    def after(self, number: int, most: int) -> list[Entry]:
        return self._entries("number > ? ORDER BY number LIMIT ?", number, most)

    def cut(self, number: int) -> list[Entry]:
        """Take back the entry of this number and all behind it."""
        taken = self._entries("number >= ? ORDER BY number", number)
        self._database.execute("DELETE FROM log WHERE number >= ?", (number,))
        return taken

    def find(self, operation: str) -> int | None:
        """The number of the entry that the operation made, so that one that comes again makes no other."""
        row = self._database.execute("SELECT number FROM log WHERE operation = ?", (operation,)).fetchone()
        return int(row[0]) if row else None

    def value(self, key: str, until: int) -> Entry | None:
        """The latest entry of the key, of those up to a number."""
        found = self._entries("key = ? AND number <= ? ORDER BY number DESC LIMIT 1", key, until)
        return found[0] if found else None

    def _entries(self, where: str, *values: Any) -> list[Entry]:
        select = f"SELECT number, term, operation, key, value, request, trace FROM log WHERE {where}"
        return [
            Entry(number=number, term=term, operation=operation, key=key, value=value, request=request, trace=trace)
            for number, term, operation, key, value, request, trace in self._database.execute(select, values).fetchall()
        ]
