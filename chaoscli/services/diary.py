"""Diary: the facts that a service tells, written in the transaction that makes them true, so that its next life can tell again
what the one before was killed too early to tell."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chaoscli.messages import REQUEST_ID, Request
from chaoscli.services.node import Node, transaction

# What a killed service may have done and not told; a node tells within milliseconds, which is far fewer facts.
TOLD_AGAIN = 100

Write = Callable[..., None]


class Diary:
    """The latest facts only. Whoever reads them twice knows them by their key."""

    def __init__(self, node: Node, database: sqlite3.Connection) -> None:
        self._node = node
        self._database = database
        database.execute(
            "CREATE TABLE IF NOT EXISTS diary (number INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL,"
            " request TEXT NOT NULL, data TEXT NOT NULL)"
        )
        for what, request, data in database.execute("SELECT what, request, data FROM diary ORDER BY number").fetchall():
            node.happened("told again", request, fact=what, **json.loads(data))

    @contextmanager
    def committing(self) -> Iterator[Write]:
        """A transaction; ``write(what, request, **data)`` inside it is told once it is committed."""
        written: list[tuple[str, Request, dict[str, object]]] = []

        def write(what: str, request: Request, **data: object) -> None:
            written.append((what, request, data))
            insert = "INSERT INTO diary (what, request, data) VALUES (?, ?, ?)"
            number = self._database.execute(insert, (what, request.header(REQUEST_ID), json.dumps(data))).lastrowid or 0
            self._database.execute("DELETE FROM diary WHERE number <= ?", (number - TOLD_AGAIN,))

        with transaction(self._database):
            yield write
        for what, request, data in written:
            self._node.happened(what, request, **data)
