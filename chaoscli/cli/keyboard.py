"""Single keys from a terminal, without Enter; where there is no terminal, only the time passes."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager


class Keyboard:
    """``fd`` None: nobody is there to press anything."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    @property
    def is_there(self) -> bool:
        """Somebody can press something."""
        return self._fd is not None

    def pressed_within(self, seconds: float) -> str:
        """The key that was pressed, or nothing after so long."""
        if self._fd is None:
            time.sleep(seconds)
            return ""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        pressed = os.read(self._fd, 16) if ready else b""
        if ready and not pressed:
            self._fd = None  # the terminal has gone
        return pressed[:1].decode("ascii", "replace")


@contextmanager
def open_keyboard() -> Iterator[Keyboard]:
    """What it changes of the terminal is as before afterwards, on every way out."""
    try:
        fd = sys.stdin.fileno()
        before = termios.tcgetattr(fd)
    except (OSError, ValueError, AttributeError, termios.error):
        yield Keyboard(None)
        return
    tty.setcbreak(fd)
    try:
        yield Keyboard(fd)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
