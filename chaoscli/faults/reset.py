"""Reset: every connection, live or new, is torn down at once, as by a crashed callee or a firewall that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, Cut, Through


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetConnections:
    """New connections are accepted and reset at once."""

    kind: ClassVar[str] = "reset"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = True  # what is about to be reset need not bother the callee

    def flow(self, rng: Random) -> ResetFlow:
        return ResetFlow()

    def words(self) -> str:
        return "reset connections"


class ResetFlow(Through):
    __slots__ = ()

    def opened(self, now: float) -> Iterable[Action]:
        return (Cut(now, reset=True),)

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return ()
