"""Simulated plays made before their turn, by processes of this machine; each is asked for in its turn, and shown then.

A simulation has its process for itself, and depends on the playbook and the seed alone: so it may be made anywhere, and what is
printed of several is the same however many are made at once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress

from chaoscli.cli.casting import Wanted
from chaoscli.cli.made import MADE_AHEAD_EACH, Made, recorder_of
from chaoscli.cli.simulating import play_recorded
from chaoscli.errors import NotMadeError
from chaoscli.net.kernel import die_with

_upcoming: Sequence[Wanted] = ()


class Ahead:
    """``take`` the plays in the order of ``upcoming``; it may end early."""

    def __init__(self, pool: ProcessPoolExecutor, count: int, jobs: int) -> None:
        self._pool = pool
        self._left = iter(range(count))
        self._making: deque[Future[Made]] = deque()
        for _ in range(jobs * MADE_AHEAD_EACH):
            self._begin_next()

    def take(self) -> Made:
        """The next. NotMadeError when its process is gone; what the play itself raised, if it did."""
        future = self._making.popleft()
        self._begin_next()
        try:
            return future.result()
        except BrokenProcessPool:
            raise NotMadeError("a process that played ended by itself", hint="is memory short? try fewer --jobs") from None

    def _begin_next(self) -> None:
        number = next(self._left, None)
        if number is not None:
            with suppress(BrokenProcessPool):  # as whoever takes one of those before it hears
                self._making.append(self._pool.submit(_make, number))


@contextmanager
def made_ahead(upcoming: Sequence[Wanted], jobs: int) -> Iterator[Ahead]:
    """On leaving, whichever way, no process is left."""
    global _upcoming  # noqa: PLW0603  # what a fork inherits need not be pickled
    _upcoming = upcoming
    # Forked: everything is imported and read already, and this process has no other thread yet.
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_born, initargs=(os.getpid(),))
    try:
        with _undisturbed():
            ahead = Ahead(pool, len(upcoming), jobs)
        yield ahead
    finally:
        for process in list((pool._processes or {}).values()):
            process.kill()  # what they still make nobody waits for
        pool.shutdown(cancel_futures=True)
        _upcoming = ()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A Ctrl-C waits until all are forked: Python would lose one that comes while it puts its locks in order after a fork."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _make(number: int) -> Made:
    """In a process of its own."""
    wanted = _upcoming[number]
    began, recorder = time.monotonic(), recorder_of(wanted.playbook)
    error = play_recorded(wanted.playbook, wanted.seed, recorder)
    return Made.of(recorder, error, time.monotonic() - began)


def _born(owner: int) -> None:
    """A worker leaves Ctrl-C to its owner, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with(owner)
