"""A node's wall clock: the host's, or one that is off and runs at another rate. Waiting never uses it."""

from __future__ import annotations

from collections.abc import Callable


class WallClock:
    """``true_wall`` is the host's clock in seconds since 1970; ``now`` the monotonic one that drift is counted on."""

    def __init__(self, true_wall: Callable[[], float], now: Callable[[], float]) -> None:
        self._true_wall = true_wall
        self._now = now
        self._offset_s = 0.0
        self._drift_ppm = 0.0
        self._since = 0.0

    def time(self) -> float:
        """What this clock shows, in seconds since 1970."""
        drifted_s = (self._now() - self._since) * self._drift_ppm * 1e-6 if self._drift_ppm else 0.0
        return self._true_wall() + self._offset_s + drifted_s

    def skew(self, *, offset_s: float = 0.0, drift_ppm: float = 0.0) -> None:
        """From now on be ``offset_s`` ahead of the truth (negative: behind), gaining ``drift_ppm`` millionths; zeros heal it."""
        self._offset_s = offset_s
        self._drift_ppm = drift_ppm
        self._since = self._now()
