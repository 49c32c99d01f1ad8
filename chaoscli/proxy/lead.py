"""How much before a timer is due the engine must be woken, learned from how late it was woken before."""

from __future__ import annotations

# What an idle virtual processor needs to wake is some tens of microseconds; later than this is a stall, not a habit.
LONGEST_LEAD_S = 0.0003
# Each wake-up moves the estimate by this much, so that it follows the machine within some dozens of them.
STEP_S = 0.000005
# Waking early costs a moment of polling, waking late costs precision: aim for being early nine times of ten.
EARLY_SHARE = 0.9
# Polling towards timers takes a tenth of a processor at most.
POLLING_SHARE = 0.1


class Lead:
    """The 90th percentile of wake-up lags, followed by steps. Instants and lags are in seconds of one clock."""

    __slots__ = ("_free_at", "_lag_s")

    def __init__(self) -> None:
        self._lag_s = 0.00005
        self._free_at = 0.0  # no polling before

    @property
    def lag_s(self) -> float:
        return self._lag_s

    def woke(self, late_s: float) -> None:
        """The alarm rang so much later than it was set for."""
        if late_s > self._lag_s:
            self._lag_s = min(self._lag_s + STEP_S * EARLY_SHARE, LONGEST_LEAD_S)
        else:
            self._lag_s = max(self._lag_s - STEP_S * (1.0 - EARLY_SHARE), 0.0)

    def before(self, now: float) -> float:
        """How much early to set the alarm; nothing when there has been polling enough."""
        return self._lag_s if now >= self._free_at else 0.0

    def covers(self, due: float, now: float) -> bool:
        """Whether ``due`` is so close that sleeping would miss it: poll until then."""
        return due - now <= self._lag_s and now >= self._free_at

    def polled(self, now: float) -> None:
        """There was polling until ``now``, for as long as the lead at most."""
        self._free_at = now + self._lag_s / POLLING_SHARE
