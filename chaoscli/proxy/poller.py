"""Which descriptors are ready: the kernel's own epoll where there is one, what `selectors` finds elsewhere."""

from __future__ import annotations

import select
import selectors
from typing import Protocol

# The kernel's own bits, so that epoll's answers need no translation on the hot path.
READABLE = 1
WRITABLE = 4
GONE = 8 | 16  # an error, or both ways shut; reported whether it was asked for or not


class Poller(Protocol):
    """Level-triggered readiness. Its own descriptor is readable while anything is ready, so that selectors nest."""

    def fileno(self) -> int: ...

    def register(self, fd: int, mask: int, /) -> None: ...

    def modify(self, fd: int, mask: int, /) -> None: ...

    def unregister(self, fd: int, /) -> None: ...

    def poll(self, timeout: float, maxevents: int, /) -> list[tuple[int, int]]:
        """(descriptor, mask) of what is ready within ``timeout`` seconds."""

    def close(self) -> None: ...


def open_poller() -> Poller:
    return select.epoll() if hasattr(select, "epoll") else SelectorPoller()


class SelectorPoller:
    """The same over `selectors` (kqueue on macOS). An error shows as readiness there, and the system call tells which."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def fileno(self) -> int:
        fd: int = self._selector.fileno()
        return fd

    def register(self, fd: int, mask: int, /) -> None:
        if mask:
            self._selector.register(fd, _interest(mask))

    def modify(self, fd: int, mask: int, /) -> None:
        known = fd in self._selector.get_map()
        if known and mask:
            self._selector.modify(fd, _interest(mask))
        elif known:
            self._selector.unregister(fd)
        else:
            self.register(fd, mask)

    def unregister(self, fd: int, /) -> None:
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def poll(self, timeout: float, maxevents: int, /) -> list[tuple[int, int]]:
        ready = self._selector.select(timeout)[:maxevents]
        return [(key.fd, _mask(events)) for key, events in ready]

    def close(self) -> None:
        self._selector.close()


def _interest(mask: int) -> int:
    return (selectors.EVENT_READ if mask & READABLE else 0) | (selectors.EVENT_WRITE if mask & WRITABLE else 0)


def _mask(events: int) -> int:
    return (READABLE if events & selectors.EVENT_READ else 0) | (WRITABLE if events & selectors.EVENT_WRITE else 0)
