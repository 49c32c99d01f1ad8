"""The workers of a Dask scheduler as a pool: the extra for a cluster. Each worker has one thread, since a simulation owns its
process's scheduler."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from chaoscli.errors import NotMadeError, UsageError
from chaoscli.explore.pool import MOST_DEATHS, WAITING_EACH, Task

T = TypeVar("T")
LONGEST_CONNECT_S = 10


class DaskWorkers(AbstractContextManager["DaskWorkers"]):
    """``address`` is the scheduler's. A worker that dies is Dask's business: its tasks are done again elsewhere."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise UsageError(
                "--dask needs Dask, which is not installed", hint="pip install 'chaoscli[dask]', here and on the workers"
            ) from None
        self._distributed: Any = distributed
        try:
            self._client: Any = distributed.Client(address, timeout=LONGEST_CONNECT_S)
        except (OSError, ValueError) as error:
            raise NotMadeError(f"no Dask scheduler answers at '{address}': {str(error).lower()}") from None
        self.jobs = self._threads()

    def _threads(self) -> int:
        threads: dict[str, int] = self._client.nthreads()
        if not threads:
            raise NotMadeError("the Dask scheduler has no workers")
        crowded = [worker for worker, count in threads.items() if count > 1]
        if crowded:
            raise NotMadeError(
                f"the Dask worker {crowded[0]} has {threads[crowded[0]]} threads, and one simulation fills a process",
                hint="start workers with --nthreads 1",
            )
        return len(threads)

    def answers(self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        left = iter(tasks)
        done = self._distributed.as_completed()
        for task in itertools.islice(left, self.jobs * WAITING_EACH):
            done.add(self._given(task))
        for future in done:
            try:
                answer: T = future.result()
            except self._distributed.KilledWorker as error:
                raise NotMadeError(f"Dask workers died {MOST_DEATHS} times over the same task: {error}") from None
            yield answer
            for task in itertools.islice(left, 1):
                done.add(self._given(task))

    def _given(self, task: Task[T]) -> Any:
        do, arguments = task
        return self._client.submit(do, *arguments, pure=False, retries=MOST_DEATHS)

    def __exit__(self, *_: object) -> None:
        self._client.close()
