"""Who does the runs: this process, or a pool of others, any of which may die without a finding being lost.

A task is a function with arguments that can be pickled; it depends on nothing else, so it may be done anywhere, and twice.
Each worker has a pipe of its own: the standard library's pool shares locks, and one that dies with a lock holds up the rest.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from chaoscli.errors import NotMadeError

T = TypeVar("T")
Task = tuple[Callable[..., T], tuple[Any, ...]]

# A task that goes down with its worker so often is what kills them.
MOST_DEATHS = 3
# Tasks for each worker of a cluster: enough that none is ever idle, few enough that a deadline is kept.
WAITING_EACH = 2
# A worker that was told to go is gone in milliseconds.
LONGEST_END_S = 5.0
_PR_SET_PDEATHSIG = 1


class Pool(Protocol):
    """``jobs`` is how many tasks are done at once."""

    jobs: int

    def answers(self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        """What they return, in the order in which they are done. ``tasks`` is asked for more only when somebody is free."""


class InProcess(AbstractContextManager["InProcess"]):
    """One after the other, here."""

    jobs = 1

    def answers(self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        for do, arguments in tasks:
            yield do(*arguments)

    def __exit__(self, *_: object) -> None:
        pass


class Processes(AbstractContextManager["Processes"]):
    """Processes of this machine. One that dies is replaced, and its task done again."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._workers = [_Worker() for _ in range(jobs)]

    @property
    def processes(self) -> tuple[int, ...]:
        """The workers' process ids."""
        return tuple(worker.pid for worker in self._workers)

    def answers(self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        left = iter(tasks)
        again: deque[_Given[T]] = deque()
        at_work: dict[Connection, tuple[_Worker, _Given[T]]] = {}
        free = list(self._workers)
        try:
            while True:
                while free and (given := again.popleft() if again else _next(left)) is not None:
                    worker = self._alive(free.pop())
                    worker.give(given.task)
                    at_work[worker.pipe] = worker, given
                if not at_work:
                    return
                for pipe in wait(list(at_work)):
                    assert isinstance(pipe, Connection)
                    worker, given = at_work.pop(pipe)
                    free.append(worker)
                    answer = worker.answer()
                    if answer is None:
                        worker.end()
                        again.append(given.after_a_death())
                        continue
                    worked, value = answer
                    if not worked:
                        raise value
                    yield value
        finally:
            for worker, _ in at_work.values():  # nobody wants their answers any more
                worker.end()

    def _alive(self, worker: _Worker) -> _Worker:
        if worker.is_alive:
            return worker
        place = self._workers.index(worker)
        self._workers[place] = _Worker()
        return self._workers[place]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in self._workers:
            worker.end()


class _Given(Generic[T]):
    """A task, and how many workers have died over it."""

    def __init__(self, task: Task[T], deaths: int = 0) -> None:
        self.task = task
        self._deaths = deaths

    def after_a_death(self) -> _Given[T]:
        if self._deaths + 1 >= MOST_DEATHS:
            raise NotMadeError(f"{MOST_DEATHS} workers died over the same task", hint="is memory short? try fewer --jobs")
        return _Given(self.task, self._deaths + 1)


def _next(tasks: Iterator[Task[T]]) -> _Given[T] | None:
    task = next(tasks, None)
    return None if task is None else _Given(task)


class _Worker:
    """One process and the pipe to it."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self.pipe, its_end = context.Pipe()
        self._process = context.Process(target=_work, args=(its_end, os.getpid()), daemon=True)
        self._process.start()
        its_end.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def give(self, task: Task[Any]) -> None:
        with suppress(OSError):  # it died just now: reading its answer will tell
            self.pipe.send(task)

    def answer(self) -> tuple[bool, Any] | None:
        """True and what the task returned, or false and what it raised; None when the worker is no more."""
        try:
            worked, value = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return bool(worked), value

    def end(self) -> None:
        self._process.kill()
        self._process.join(LONGEST_END_S)
        self.pipe.close()


def _work(pipe: Connection, owner: int) -> None:
    """A worker's life: it leaves Ctrl-C to its owner, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != owner:  # it went before we asked
            return
    with suppress(EOFError, OSError):
        while True:
            do, arguments = pipe.recv()
            try:
                answer = True, do(*arguments)
            except Exception as error:
                answer = False, sendable(error)
            pipe.send(answer)


def sendable(error: Exception) -> Exception:
    """The error itself, or its words where it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
