"""Transaction log: what a coordinator knows for good of the transactions it has begun: who takes part, what was decided, whether
all of them know. Every method is committed when it returns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.messages import REQUEST_ID, TRACE_PARENT, Request

# begun: nothing is decided. commit, abort: decided, and not everybody has been told.
State = Literal["begun", "commit", "abort"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """``takes`` is what is taken, by participant."""

    id: str
    takes: Mapping[str, Mapping[str, Any]]
    request: str
    trace: str
    state: State = "begun"

    @property
    def cause(self) -> Request:
        headers = ((REQUEST_ID, self.request), (TRACE_PARENT, self.trace))
        return Request(method="POST", target="/transactions", headers=headers)


class TransactionLog:
    """One row for each transaction that is not over."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(
            "CREATE TABLE IF NOT EXISTS transactions (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
            " takes TEXT NOT NULL, request TEXT NOT NULL, trace TEXT NOT NULL, state TEXT NOT NULL)"
        )

    def begin(self, one: Transaction) -> None:
        self._database.execute(
            "INSERT INTO transactions (id, takes, request, trace, state) VALUES (?, ?, ?, ?, 'begun')",
            (one.id, json.dumps(one.takes), one.request, one.trace),
        )

    def decide(self, one: Transaction, state: State) -> None:
        """Once and for all: of a transaction that was decided, the first decision stays."""
        self._database.execute("UPDATE transactions SET state = ? WHERE id = ? AND state = 'begun'", (state, one.id))

    def end(self, one: Transaction) -> None:
        self._database.execute("DELETE FROM transactions WHERE id = ?", (one.id,))

    def open(self) -> list[Transaction]:
        """Those that are not over, in the order in which they began."""
        select = "SELECT id, takes, request, trace, state FROM transactions ORDER BY number"
        return [
            Transaction(id=id_, takes=json.loads(takes), request=request, trace=trace, state=state)
            for id_, takes, request, trace, state in self._database.execute(select).fetchall()
        ]
