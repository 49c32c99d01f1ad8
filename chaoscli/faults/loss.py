"""Packet loss as a TCP stream shows it. A proxy ends TCP on both sides and cannot lose a packet, so it says what loss does.

A lost segment comes after its retransmission, and holds back all that is behind it. The figures are Linux's: the first
retransmission after the least timeout there is (RFC 6298 and tcp(7): 200 ms), each further one after twice the time, at
most 120 s, and after 15 of them the connection is given up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Cut, Finish, Send, Through
from chaoscli.settings import setting
from chaoscli.units import Share, format_share

FIRST_TIMEOUT_S = 0.2
LONGEST_TIMEOUT_S = 120.0
RETRANSMISSIONS_MAX = 15
# The payload of an Ethernet frame's TCP segment; what a chunk of bytes would have been cut into.
SEGMENT_BYTES = 1460

# How late a segment is that was lost so many times: 0, 0.2, 0.6, 1.4, ... s; after the last one TCP gives up, 924.6 s late.
LATE_S = (
    0.0,
    *accumulate(min(FIRST_TIMEOUT_S * 2.0**again, LONGEST_TIMEOUT_S) for again in range(RETRANSMISSIONS_MAX + 1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A loss that fast retransmission would mend sooner is shown at its worst, as for the last segment of a message."""

    kind: ClassVar[str] = "loss"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    rate: Share = setting("the share of segments that is lost, each retransmission again")
    correlation: Share = setting("how much the fate of each segment resembles that of the one before", 0.0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 1.0:
            raise BadSetting("rate", "is a share from 0 to 1")
        if not 0.0 <= self.correlation <= 1.0:
            raise BadSetting("correlation", "is a share from 0 to 1")

    def flow(self, rng: Random) -> LossFlow:
        return LossFlow(Fate(self.rate, self.correlation, rng))

    def words(self) -> str:
        text = f"loss {format_share(self.rate)}"
        return text + (f", {format_share(self.correlation)} correlated" if self.correlation else "")


class Fate:
    """Draws lost or not, so that the share that is lost is ``rate`` and each draw correlates with the last by ``correlation``.

    A two-state Markov chain: P(lost | lost) = r + c (1 - r) and P(lost | not lost) = r (1 - c) keep the share at r, since
    r (r + c (1 - r)) + (1 - r) r (1 - c) = r.
    """

    __slots__ = ("_correlation", "_last", "_rate", "_rng")

    def __init__(self, rate: float, correlation: float, rng: Random) -> None:
        self._rate = rate
        self._correlation = correlation
        self._rng = rng
        self._last: bool | None = None

    def strikes(self) -> bool:
        chance = self._rate
        if self._last is not None:
            chance *= 1.0 - self._correlation
            chance += self._correlation if self._last else 0.0
        self._last = self._rng.random() < chance
        return self._last


class LossFlow(Through):
    __slots__ = ("_fate", "_given_up")

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._given_up = False

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        late_s = [self._late_s() for _ in range(0, len(data), SEGMENT_BYTES)]
        begin, at = 0, now
        for place, by_s in enumerate(late_s):
            if now + by_s > at:
                if place:
                    yield Send(at, data[begin : place * SEGMENT_BYTES])
                begin, at = place * SEGMENT_BYTES, now + by_s
        yield Send(at, data[begin:] if begin else data)
        if at == math.inf:
            yield from self._give_up(now)

    def ended(self, now: float) -> Iterable[Action]:
        at = now + self._late_s()  # the end of a stream is a segment too
        yield Finish(at)
        if at == math.inf:
            yield from self._give_up(now)

    def _late_s(self) -> float:
        lost = 0
        while self._fate.strikes():
            lost += 1
            if lost > RETRANSMISSIONS_MAX:
                return math.inf
        return LATE_S[lost]

    def _give_up(self, now: float) -> Iterable[Action]:
        if not self._given_up:
            self._given_up = True
            yield Cut(now + LATE_S[-1], reset=True)
