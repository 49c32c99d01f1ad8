"""The fence around a simulation: what would differ from run to run is refused, with the place that asked for it.

Only the code of services is stopped, ours or anybody's. The interpreter's own and the libraries' are let through: they keep
time and open things for reasons that no recording sees. So are other threads, whose doings are no part of the simulation.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from chaoscli.errors import NotMadeError

_TIME = "a service's time comes from its node: node.now(), node.clock.time(), node.sleep()"
_DICE = "a service's dice come from its node: node.random(purpose), node.uuid(purpose)"
_NETWORK = "a service reaches others by node.call(); play it with --world real if it must open sockets"
_PROCESS = "a simulation is one task after the other in one process; play it with --world real"

# Module, name, way out.
_FENCED: tuple[tuple[Any, str, str], ...] = (
    *((time, name, _TIME) for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep")),
    *((random, name, _DICE) for name in ("random", "randint", "choice", "choices", "uniform", "shuffle", "sample", "randrange",
                                         "gauss", "expovariate", "getrandbits", "seed")),
    *((uuid, name, _DICE) for name in ("uuid1", "uuid4")),
    (os, "urandom", _DICE),
    (socket.socket, "__init__", _NETWORK),
    (socket, "create_connection", _NETWORK),
    (subprocess.Popen, "__init__", _PROCESS),
    (threading.Thread, "start", _PROCESS),
)  # fmt: skip
# Whose code is let through: the standard library and what is installed. Ours is not, even where it is installed too.
_LET_THROUGH = tuple(sysconfig.get_paths()[name] + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class FenceError(NotMadeError):
    """Something that cannot be simulated was asked for."""


@contextmanager
def fenced(stop: Callable[[FenceError], None]) -> Iterator[None]:
    """As long as this lasts, whoever asks for the host's time, dice, sockets, threads or processes gets a FenceError, and
    ``stop`` is told, since a service may swallow its errors."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in _FENCED]
    for owner, name, way_out in _FENCED:
        setattr(owner, name, _guarded(getattr(owner, name), _called(owner, name), way_out, stop))
    try:
        yield
    finally:
        for owner, name, original in before:
            setattr(owner, name, original)


def _guarded(original: Callable[..., Any], called: str, way_out: str, stop: Callable[[FenceError], None]) -> Callable[..., Any]:
    simulating = threading.get_ident()

    def guard(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if _is_let_through(frame) or threading.get_ident() != simulating:
            return original(*args, **kwargs)
        place = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        error = FenceError(f"{called} in {place} cannot be simulated", hint=way_out)
        stop(error)
        raise error

    return guard


def _is_let_through(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith("<frozen") or (file.startswith(_LET_THROUGH) and not file.startswith(_OURS))


def _called(owner: Any, name: str) -> str:
    if name.startswith("__"):
        return f"{owner.__module__}.{owner.__qualname__}()"
    return f"{getattr(owner, '__qualname__', owner.__name__)}.{name}()"
