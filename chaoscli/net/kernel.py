"""What Linux does for whoever starts processes, and other systems do not: deaths that are passed on, orphans that are adopted,
and a way to see everything that was started, however it has hidden itself.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36  # linux/prctl.h
IS_LINUX = sys.platform == "linux"
# Loaded before any fork: between a fork and its exec nothing may be imported.
_LIBC = ctypes.CDLL(None) if IS_LINUX else None


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends (the thread that forked it, says prctl(2)); end at once if it
    has ended already. Elsewhere than on Linux something else has to tell."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it had ended before we could ask
            os._exit(1)


def outlive_parent() -> None:
    """Take ``die_with`` back: for a process that has to clean up when its parent is gone."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, 0)


def adopt_orphans() -> None:
    """What is started below this process and loses its parent becomes its child (PR_SET_CHILD_SUBREAPER), daemons too."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def be_called(name: str) -> None:
    """What `ps` and `top` show (Linux keeps 15 bytes), so that a person can tell the twenty processes of a run apart."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_NAME, f"chaos:{name}".encode())


def children_of(parent: int) -> list[int]:
    """Its children, those that it has not reaped yet among them, by what proc(5) says; none elsewhere. One that comes or goes
    meanwhile may be missed."""
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{parent}/task").iterdir() if IS_LINUX else ():
            children = task / "children"
            if not children.exists():  # a kernel that was built without CONFIG_PROC_CHILDREN
                return [pid for pid, (_state, its_parent) in _processes().items() if its_parent == parent]
            found += map(int, children.read_text().split())
    return found


def living_below(ancestor: int) -> list[int]:
    """Every process that descends from ``ancestor`` and has not ended; none elsewhere than on Linux."""
    processes = _processes()
    children: dict[int, list[int]] = {}
    for pid, (_state, parent) in processes.items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = children.pop(waiting.pop(), [])
        found += below
        waiting += below
    return [pid for pid in found if processes[pid][0] not in "ZX"]


def _processes() -> dict[int, tuple[str, int]]:
    """State and parent of every process there is."""
    found = {}
    for entry in Path("/proc").iterdir() if IS_LINUX else ():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended while we looked
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                found[int(entry.name)] = (state, int(parent))
    return found
