"""Latency: each chunk of bytes arrives later, by the same time or by one drawn from a distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from chaoscli.faults.base import Action, BadSetting, Finish, Flow, Send, Through
from chaoscli.settings import setting
from chaoscli.units import Seconds, Share, format_duration, format_share

# A Pareto of shape 3 and minimum 1 has mean 3/2 and deviation sqrt(3)/2: the heavy tail that netem's own table has too.
_PARETO_SHAPE = 3.0
_PARETO_MEAN = 1.5
_PARETO_DEVIATION = math.sqrt(3.0) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Each chunk, and the end of the stream, is late by ``delay`` and ``jitter``; a late chunk holds those behind it.

    ``uniform`` draws between delay - jitter and delay + jitter. The others have the mean ``delay`` and the standard
    deviation ``jitter``, as far as a delay cannot be negative. ``correlation`` is that of each chunk's draw with the one
    before it (of the normal draw below it, so that the distribution stays as asked).
    """

    kind: ClassVar[str] = "latency"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    delay: Seconds = setting("how much later each chunk of bytes arrives")
    jitter: Seconds = setting("how far the delay strays", 0.0)
    distribution: Literal["uniform", "normal", "lognormal", "pareto"] = setting("how it strays", "uniform")
    correlation: Share = setting("how much each delay resembles the one before", 0.0)
    handshake: bool = setting(
        "a new connection takes a round trip first, as TCP's does: what is sent first each way is late once more",
        False,
    )

    def __post_init__(self) -> None:
        if not 0.0 <= self.delay < math.inf:
            raise BadSetting("delay", "cannot be negative")
        if not 0.0 <= self.jitter < math.inf:
            raise BadSetting("jitter", "cannot be negative")
        if not 0.0 <= self.correlation <= 1.0:
            raise BadSetting("correlation", "is a share from 0 to 1")

    def flow(self, rng: Random) -> LatencyFlow:
        return LatencyFlow(self, rng)

    def words(self) -> str:
        text = f"latency {format_duration(self.delay)}"
        if self.jitter:
            text += f" ± {format_duration(self.jitter)}"
            text += f" {self.distribution}" if self.distribution != "uniform" else ""
            text += f", {format_share(self.correlation)} correlated" if self.correlation else ""
        return f"{text}, handshakes too" if self.handshake else text


class LatencyFlow(Through):
    __slots__ = ("_fault", "_is_new", "_rng", "_z")

    def __init__(self, fault: Latency, rng: Random) -> None:
        self._fault = fault
        self._rng = rng
        self._z: float | None = None
        self._is_new = False

    def begins(self) -> None:
        self._is_new = self._fault.handshake

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        """A proxy has let its caller in before the first byte comes, so that the handshake's way can only be added to it:
        the SYN's to what is asked first, the SYN-ACK's to what is answered first."""
        if self._is_new:
            self._is_new = False
            now += self.delay()
        return (Send(now + self.delay(), data),)

    def ended(self, now: float) -> Iterable[Action]:
        return (Finish(now + self.delay()),)

    def takes_over(self, old: Flow, waiting: Sequence[Action], now: float) -> Iterable[Action]:
        """What waited has the new delay, less the time it has waited already (which the old jitter makes inexact)."""
        assert isinstance(old, LatencyFlow)
        for action in waiting:
            arrived = min(now, action.at - old._fault.delay)
            at = max(now, arrived + self.delay())
            yield Send(at, action.data) if isinstance(action, Send) else Finish(at)

    def delay(self) -> float:
        """The next delay, in seconds, never negative."""
        fault = self._fault
        if not fault.jitter:
            return fault.delay
        return max(0.0, _quantile(fault, self._normal()))

    def _normal(self) -> float:
        """A standard normal draw that has the asked correlation with the one before it (an AR(1) process)."""
        fresh = self._rng.gauss(0.0, 1.0)
        share = self._fault.correlation
        if share and self._z is not None:
            fresh = share * self._z + math.sqrt(1.0 - share * share) * fresh
        self._z = fresh
        return fresh


def _quantile(fault: Latency, z: float) -> float:
    """The delay that stands where ``z`` stands in the standard normal distribution."""
    delay, jitter = fault.delay, fault.jitter
    if fault.distribution == "normal":
        return delay + jitter * z
    if fault.distribution == "lognormal":
        if not delay:
            return 0.0
        variance = 2.0 * (math.log(math.hypot(delay, jitter)) - math.log(delay))  # ln(1 + (jitter / delay) ** 2)
        return delay * math.exp(math.sqrt(variance) * z - variance / 2.0)
    above = 0.5 * math.erfc(z / math.sqrt(2.0))  # the share of draws above this one
    if fault.distribution == "pareto":
        draw: float = max(above, 1e-300) ** (-1.0 / _PARETO_SHAPE)
        return delay + jitter * (draw - _PARETO_MEAN) / _PARETO_DEVIATION
    return delay + jitter * (1.0 - 2.0 * above)
