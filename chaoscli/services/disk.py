"""Where a node keeps its databases: on a real disk, or wherever its world says."""

from __future__ import annotations

import os
import sqlite3
from typing import Protocol


class Disk(Protocol):
    """One node's own."""

    def open(self, name: str) -> sqlite3.Connection:
        """The database called ``name``, with what is in it; statements commit at once unless inside a transaction."""

    def close(self) -> None:
        """Let go of all that was opened; what was committed stays."""


class FolderDisk:
    """SQLite files in ``folder``, which outlive the process; without one, in memory."""

    def __init__(self, node: str, folder: str | None) -> None:
        self._node = node
        self._folder = folder
        self._open: list[sqlite3.Connection] = []

    def open(self, name: str) -> sqlite3.Connection:
        path = os.path.join(self._folder, f"{self._node}-{name}.sqlite") if self._folder else ":memory:"
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        # Survives the death of the process, which is what is tried here, at a tenth of the cost of surviving a power cut.
        database.execute("PRAGMA synchronous=NORMAL")
        self._open.append(database)
        return database

    def close(self) -> None:
        while self._open:
            self._open.pop().close()
