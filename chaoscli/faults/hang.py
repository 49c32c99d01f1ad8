"""Hanging connect: connections that are open go on, new ones get nowhere, as with a callee whose backlog is full."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Through


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """A new connection waits for the heal. The proxy's own host accepts it, so it is the first reply that is late."""

    kind: ClassVar[str] = "hang"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = True

    def flow(self, rng: Random) -> Through:
        return Through()

    def words(self) -> str:
        return "new connections hang"
