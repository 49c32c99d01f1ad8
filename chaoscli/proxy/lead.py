"""How much before a timer is due the engine must be woken, learned from how late it was woken before."""

from __future__ import annotations

# What an idle virtual processor needs to wake is some tens of microseconds, a cold one a few hundred; later than this is a
# stall, not a habit.
LONGEST_LEAD_S = 0.0005
# Being woken late moves the estimate a quarter of the way there, being woken early only a hundredth of it back: waking early
# costs a moment of polling, waking late costs precision.
TOWARDS_LATE = 0.25
TOWARDS_EARLY = 0.01
# Polling towards timers takes a tenth of a processor at most.
POLLING_SHARE = 0.1


class Lead:
    """What nearly all wake-up lags stay below. Instants and lags are in seconds of one clock."""

    __slots__ = ("_free_at", "_lag_s")

    def __init__(self) -> None:
        self._lag_s = 0.0001
        self._free_at = 0.0  # no polling before

    @property
    def lag_s(self) -> float:
        return self._lag_s

    def woke(self, late_s: float) -> None:
        """The alarm rang so much later than it was set for."""
        off_s = min(max(late_s, 0.0), LONGEST_LEAD_S) - self._lag_s
        self._lag_s += off_s * (TOWARDS_LATE if off_s > 0 else TOWARDS_EARLY)

    def before(self, now: float) -> float:
        """How much early to set the alarm; nothing when there has been polling enough."""
        return self._lag_s if now >= self._free_at else 0.0

    def covers(self, due: float, now: float) -> bool:
        """Whether ``due`` is so close that sleeping would miss it: poll until then."""
        return due - now <= self._lag_s and now >= self._free_at

    def polled(self, now: float) -> None:
        """There was polling until ``now``, for as long as the lead at most."""
        self._free_at = now + self._lag_s / POLLING_SHARE
