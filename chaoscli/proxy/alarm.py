"""A descriptor that becomes readable at an instant: Linux's timerfd, because epoll rounds its waits to milliseconds.

Spoken to through ctypes, as Python has it from 3.13 only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_CLOCK_MONOTONIC = 1
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
# Nothing is never: a timer set to zero is switched off, so "at once" is the shortest time there is.
_SHORTEST_NS = 1


class _Timespec(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Alarm:
    """One timer. ``set`` replaces what was set before."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._settime = libc.timerfd_settime
        self._spec = _Timespec(0, 0, 0, 0)
        self._address = ctypes.byref(self._spec)

    def fileno(self) -> int:
        return self._fd

    def set(self, after_s: float) -> None:
        """Ring in ``after_s`` seconds, at once if that is not in the future."""
        whole = int(after_s) if after_s > 0 else 0
        self._spec.value_s = whole
        self._spec.value_ns = max(int((after_s - whole) * 1e9), 0 if whole else _SHORTEST_NS)
        self._settime(self._fd, 0, self._address, None)

    def acknowledge(self) -> None:
        """Stop ringing."""
        with contextlib.suppress(BlockingIOError):  # it was set anew in between
            os.read(self._fd, 8)

    def close(self) -> None:
        os.close(self._fd)


def open_alarm() -> Alarm | None:
    """None where the system has no timerfd: wait with a deadline there."""
    return Alarm() if sys.platform == "linux" else None
