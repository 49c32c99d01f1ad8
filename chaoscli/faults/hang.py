"""Hanging connect: connections that are open go on, new ones get nowhere, as with a callee whose backlog is full."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Through


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Connecting itself hangs until the heal; a caller gets through when its kernel knocks the next time, mostly within a second.

    Where the kernel cannot be made to (other than Linux), and for a share of the connections, a new one is accepted, and it is
    the first reply that waits for the heal.
    """

    kind: ClassVar[str] = "hang"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = True

    def flow(self, rng: Random) -> Through:
        return Through()

    def words(self) -> str:
        return "new connections hang"
