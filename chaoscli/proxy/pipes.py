"""Kernel pipes for bulk: `splice` moves bytes from socket to socket without showing them to this process (Linux)."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

AVAILABLE: Final = sys.platform == "linux" and hasattr(os, "splice")
# Room for one splice; the kernel may grant less to an unprivileged user with many pipes, and less works as well.
PIPE_BYTES = 1 << 20
# Empty pipes kept for the next bulk: opening one costs three system calls and its pages.
MOST_KEPT = 16
_F_SETPIPE_SZ = 1031


class Pipe:
    """``held`` counts the bytes inside."""

    __slots__ = ("held", "receiver", "sender")

    def __init__(self) -> None:
        self.held = 0
        self.receiver, self.sender = os.pipe()
        os.set_blocking(self.receiver, False)
        os.set_blocking(self.sender, False)
        with contextlib.suppress(OSError):
            _enlarge(self.sender)

    def take(self, fd: int) -> int:
        """Move what the socket ``fd`` has into the empty pipe; 0 at the end of its stream. Errors are those of recv."""
        self.held = os.splice(fd, self.sender, PIPE_BYTES)
        return self.held

    def give(self, fd: int) -> bool:
        """Move what is inside on to the socket ``fd``; true when all of it went. Errors are those of send."""
        self.held -= os.splice(self.receiver, fd, self.held)
        return not self.held

    def close(self) -> None:
        os.close(self.receiver)
        os.close(self.sender)


class Pipes:
    """Empty pipes to borrow."""

    def __init__(self) -> None:
        self._kept: list[Pipe] = []

    def borrow(self) -> Pipe | None:
        """None when there is no splice here, or no descriptor left for a pipe."""
        if self._kept:
            return self._kept.pop()
        if not AVAILABLE:
            return None
        try:
            return Pipe()
        except OSError:
            return None

    def give_back(self, pipe: Pipe) -> None:
        """One that still holds bytes of a connection that is gone is of no use to another."""
        if pipe.held or len(self._kept) >= MOST_KEPT:
            pipe.close()
        else:
            self._kept.append(pipe)

    def close(self) -> None:
        for pipe in self._kept:
            pipe.close()
        self._kept.clear()


def _enlarge(fd: int) -> None:
    import fcntl  # not on every platform that imports this file

    fcntl.fcntl(fd, _F_SETPIPE_SZ, PIPE_BYTES)
