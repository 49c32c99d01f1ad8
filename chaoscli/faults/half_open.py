"""Half-open connections: one side has gone and the other is not told, as after a power cut or a forgetful NAT."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, Finish, Flow, Through


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfOpen:
    """Bytes pass; the end of a stream does not. The far side keeps a connection to nobody until the heal tells it."""

    kind: ClassVar[str] = "half_open"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    def flow(self, rng: Random) -> HalfOpenFlow:
        return HalfOpenFlow()

    def words(self) -> str:
        return "closing goes unheard"


class HalfOpenFlow(Through):
    __slots__ = ("_unheard",)

    def __init__(self) -> None:
        self._unheard = False

    def ended(self, now: float) -> Iterable[Action]:
        self._unheard = True
        return ()

    def healed(self, now: float) -> Iterable[Action]:
        return (Finish(now),) if self._unheard else ()

    def follows(self, earlier: Flow) -> None:
        if isinstance(earlier, HalfOpenFlow):
            self._unheard = earlier._unheard
