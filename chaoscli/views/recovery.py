"""When a variant is itself again after its last fault healed, told as soon as it is certain.

The same definition as the measure of that name, worked out request by request: the start of the first second after the heal
in which nearly all requests are well, that is, succeed about as fast as before the first fault.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence

from chaoscli.events import CurtainRose, FaultHealed, FaultInjected, RequestEnded, RequestStarted
from chaoscli.measures.latency import quantile
from chaoscli.measures.recovery import LATENCY_FACTOR, LATENCY_SLACK_S, STAYS_S, WELL_SHARE

# Events of other processes arrive a moment late: a second is judged only when it is this long over.
ARRIVED_S = 0.1


class RecoveryWatch:
    """Takes faults and requests in order; ``found(now)`` gives each recovery once, as (healed at, recovered at)."""

    def __init__(self) -> None:
        self._lasts_s = math.inf
        self._on: set[str] = set()
        self._limit_s: float | None = None
        self._usual: list[float] = []
        self._harmed = False
        self._spell: _Spell | None = None

    def feed(self, event: CurtainRose | FaultInjected | FaultHealed | RequestStarted | RequestEnded) -> None:
        match event:
            case CurtainRose():
                self._lasts_s = event.lasts_s
            case FaultInjected():
                self._injected(event)
            case FaultHealed():
                self._on.discard(event.fault)
                if not self._on:
                    self._spell = _Spell(event.at)
            case RequestStarted():
                if self._spell is not None:
                    self._spell.started(event)
            case RequestEnded():
                self._ended(event)

    def found(self, now: float) -> Sequence[tuple[float, float]]:
        spell = self._spell
        if spell is None or not self._harmed or (at := spell.first_well_second(now, self._lasts_s)) is None:
            return ()
        self._spell, self._harmed = None, False
        return ((spell.healed_at, at),)

    def _injected(self, event: FaultInjected) -> None:
        if self._limit_s is None:
            usual_s = quantile(self._usual, 0.95) if self._usual else math.inf
            self._limit_s = max(LATENCY_FACTOR * usual_s, usual_s + LATENCY_SLACK_S)
        self._on.add(event.fault)
        self._spell = None

    def _ended(self, event: RequestEnded) -> None:
        if self._limit_s is None:
            if event.result.succeeded:
                insort(self._usual, event.latency_s)
            return
        well = event.result.succeeded and event.latency_s <= self._limit_s
        self._harmed = self._harmed or not well
        if self._spell is not None:
            self._spell.ended(event, well)


class _Spell:
    """The time after a heal: each second that begins with a request is judged once, as soon as all of it has ended."""

    def __init__(self, healed_at: float) -> None:
        self.healed_at = healed_at
        self._open: dict[tuple[str, str], float] = {}
        self._ended: list[tuple[float, bool]] = []
        self._next = 0

    def started(self, event: RequestStarted) -> None:
        if event.intended_at >= self.healed_at:
            self._open[event.load, event.request] = event.intended_at

    def ended(self, event: RequestEnded, well: bool) -> None:
        # Only those that were seen to start: what began before the heal is not of this time.
        if self._open.pop((event.load, event.request), None) is not None:
            insort(self._ended, (event.intended_at, well))

    def first_well_second(self, now: float, lasts_s: float) -> float | None:
        """A second that is not full of load says nothing, and one in which a request still waits may yet turn out ill."""
        certain_until = min(min(self._open.values(), default=math.inf), now - ARRIVED_S, lasts_s)
        while self._next < len(self._ended) and self._ended[self._next][0] + STAYS_S <= certain_until:
            at, well = self._ended[self._next]
            if well and self._share_well(self._next) >= WELL_SHARE:
                return at
            self._next += 1
        return None

    def _share_well(self, first: int) -> float:
        second = self._ended[first : bisect_left(self._ended, (self._ended[first][0] + STAYS_S, False))]
        return sum(well for _, well in second) / len(second)
