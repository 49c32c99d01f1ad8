"""Silence: connections stay open and nothing arrives, until the heal brings all of it at once, as TCP would."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, Finish, Send, Through


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Bytes wait for the heal. A new connection waits too, whichever direction is silent: its handshake needs both."""

    kind: ClassVar[str] = "silence"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = True

    def flow(self, rng: Random) -> SilenceFlow:
        return SilenceFlow()

    def words(self) -> str:
        return "silence"


class SilenceFlow(Through):
    __slots__ = ()

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return (Send(math.inf, data),)

    def ended(self, now: float) -> Iterable[Action]:
        return (Finish(math.inf),)
