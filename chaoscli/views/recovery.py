"""When a variant is itself again after its last fault healed, told as soon as it is certain.

The same definition as the measure of that name, worked out request by request: the start of the first second after the heal
in which nearly all requests are well, that is, succeed about as fast as before the first fault.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from chaoscli.events import CurtainRose, FaultHealed, FaultInjected, RequestEnded, RequestStarted
from chaoscli.measures.latency import quantile
from chaoscli.measures.recovery import LATENCY_FACTOR, LATENCY_SLACK_S, STAYS_S, WELL_SHARE

# Events of other processes arrive a moment late: a second is judged only when it is this long over.
ARRIVED_S = 0.2


class RecoveryWatch:
    """Takes faults and requests as they are told, which is not quite in order; ``found(now)`` gives each recovery once, as
    (healed at, recovered at)."""

    def __init__(self) -> None:
        self._lasts_s = math.inf
        self._on: set[str] = set()
        self._injected_at = math.inf
        self._healed_at: float | None = None
        self._judged_to = -math.inf
        self._open: dict[tuple[str, str], float] = {}
        # Intended start and latency, infinite for what failed: those meant for before the first fault, and all others.
        self._before: list[tuple[float, float]] = []
        self._since: list[tuple[float, float]] = []
        self._limit = (0, sys.float_info.max)

    def feed(self, event: CurtainRose | FaultInjected | FaultHealed | RequestStarted | RequestEnded) -> None:
        match event:
            case CurtainRose():
                self._lasts_s = event.lasts_s
            case FaultInjected():
                self._inject(event)
            case FaultHealed():
                self._on.discard(event.fault)
                if not self._on:
                    self._healed_at = self._judged_to = event.at
            case RequestStarted():
                self._open[event.load, event.request] = event.intended_at
            case RequestEnded():
                self._open.pop((event.load, event.request), None)
                row = (event.intended_at, event.latency_s if event.result.succeeded else math.inf)
                insort(self._before if event.intended_at < self._injected_at else self._since, row)

    def found(self, now: float) -> Sequence[tuple[float, float]]:
        healed_at = self._healed_at
        if healed_at is None or (at := self._first_well_second(healed_at, now)) is None:
            return ()
        self._healed_at = None
        # What the fault never harmed has nothing to recover from.
        limit_s = self._limit_s()
        harmed = any(latency_s > limit_s for _, latency_s in self._since)
        return ((healed_at, at),) if harmed else ()

    def _inject(self, event: FaultInjected) -> None:
        self._on.add(event.fault)
        self._healed_at = None
        if math.isinf(self._injected_at):
            self._injected_at = event.at
            self._since = [row for row in self._before if row[0] >= event.at]
            self._before = [row for row in self._before if row[0] < event.at]

    def _first_well_second(self, healed_at: float, now: float) -> float | None:
        """A second that is not full of load says nothing, and one in which a request still waits may yet turn out ill."""
        waiting = min((at for at in self._open.values() if at >= healed_at), default=math.inf)
        certain_until = min(waiting, now - ARRIVED_S, self._lasts_s)
        rows, limit_s = self._since, self._limit_s()
        place = bisect_left(rows, (self._judged_to,))
        while place < len(rows) and rows[place][0] + STAYS_S <= certain_until:
            at, latency_s = rows[place]
            second = rows[place : bisect_left(rows, (at + STAYS_S,))]
            if latency_s <= limit_s and sum(one <= limit_s for _, one in second) >= WELL_SHARE * len(second):
                return at
            place = bisect_right(rows, (at, math.inf))
            self._judged_to = at
        return None

    def _limit_s(self) -> float:
        count, limit_s = self._limit
        if count != len(self._before):
            limit_s = _slowest_well(self._before)
            self._limit = (len(self._before), limit_s)
        return limit_s


def _slowest_well(before: Sequence[tuple[float, float]]) -> float:
    """What succeeded before the first fault says what is as fast as usual; without any, every success is."""
    usual = sorted(latency_s for _, latency_s in before if not math.isinf(latency_s))
    if not usual:
        return sys.float_info.max
    usual_s = quantile(usual, 0.95)
    return max(LATENCY_FACTOR * usual_s, usual_s + LATENCY_SLACK_S)
