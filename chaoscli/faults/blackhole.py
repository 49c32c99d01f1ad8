"""Blackhole: what is sent vanishes, and nobody is told, as behind a firewall that drops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, Cut, Flow, Through


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackhole:
    """Unlike silence, the bytes are gone for good. After the heal, a connection that lost some is reset: it has a gap."""

    kind: ClassVar[str] = "blackhole"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = True

    def flow(self, rng: Random) -> BlackholeFlow:
        return BlackholeFlow()

    def words(self) -> str:
        return "blackhole"


class BlackholeFlow(Through):
    __slots__ = ("_lost",)

    def __init__(self) -> None:
        self._lost = False

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        self._lost = True
        return ()

    def ended(self, now: float) -> Iterable[Action]:
        self._lost = True
        return ()

    def healed(self, now: float) -> Iterable[Action]:
        return (Cut(now, reset=True),) if self._lost else ()

    def follows(self, earlier: Flow) -> None:
        if isinstance(earlier, BlackholeFlow):
            self._lost = earlier._lost
