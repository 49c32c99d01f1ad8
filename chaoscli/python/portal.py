"""A run of trio in a thread of its own, for code that is in none: plain functions, threads, and tasks of asyncio.

The thread also starts the processes of real worlds. They end with it (``PR_SET_PDEATHSIG`` goes by thread), so it lives until
everything that was opened through it is closed.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from functools import partial
from typing import Any, Generic, TypeVar

import trio

from chaoscli.errors import NotMadeError
from chaoscli.worlds.processes import Spawner, open_spawner

T = TypeVar("T")

# What is left to do when a portal closes takes a moment; the thread that is still there by then is a bug.
LONGEST_END_S = 30.0


class Portal:
    """``with Portal() as portal:`` and then ``portal.run(async_function, ...)``, from any thread but its own."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._live, name="chaos playground", daemon=True)
        self._token: trio.lowlevel.TrioToken
        self._nursery: trio.Nursery
        self._closing: trio.Event
        self._spawner: Spawner | None = None
        self._spawning: trio.Lock

    def __enter__(self) -> Portal:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._token.run_sync_soon(self._closing.set)
        self._thread.join(LONGEST_END_S)

    def run(self, call: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
        """What it returns or raises, there."""
        return trio.from_thread.run(partial(call, **kwargs), *args, trio_token=self._token)

    @contextmanager
    def open(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
        """The async context manager that ``make`` makes, entered and left there, in one task as nurseries ask for."""
        stay: _Stay[T] = self.run(self._begin, make)
        try:
            yield stay.value
        except BaseException as error:
            self._leave(stay, error)
            raise
        else:
            self._leave(stay, None)

    async def spawner(self) -> Spawner:
        """One warm parent for everything that is opened here, started when it is first asked for."""
        async with self._spawning:
            if self._spawner is None:
                self._spawner = await self._nursery.start(self._keep_spawner)
        return self._spawner

    def _leave(self, stay: _Stay[Any], raised: BaseException | None) -> None:
        with suppress(trio.RunFinishedError):  # it was left when the portal closed
            self.run(stay.leave, raised)

    async def _begin(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> _Stay[T]:
        stay = _Stay(make)
        self._nursery.start_soon(stay.stay)
        await stay.entered.wait()
        if stay.error is not None:
            raise stay.error
        return stay

    def _live(self) -> None:
        trio.run(self._attend)

    async def _attend(self) -> None:
        self._token, self._closing = trio.lowlevel.current_trio_token(), trio.Event()
        self._spawning = trio.Lock()
        async with trio.open_nursery() as self._nursery:
            self._started.set()
            await self._closing.wait()
            self._nursery.cancel_scope.cancel()

    async def _keep_spawner(self, task_status: trio.TaskStatus[Spawner]) -> None:
        try:
            async with open_spawner() as spawner:
                task_status.started(spawner)
                await trio.sleep_forever()
        except* NotMadeError:  # whoever asks it next is told; the portal's other tasks are not to suffer
            self._spawner = None


class _Stay(Generic[T]):
    """One task inside of one context manager, until it is told to leave it."""

    value: T

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._make = make
        self.entered = trio.Event()
        self.error: BaseException | None = None
        self._leave = trio.Event()
        self._left = trio.Event()
        self._raised: BaseException | None = None

    async def stay(self) -> None:
        """Its errors are for whoever opened it, and end nothing else."""
        try:
            async with self._make() as self.value:
                self.entered.set()
                await self._leave.wait()
                if self._raised is not None:
                    raise self._raised
        except BaseException as error:
            self.error = error
            if isinstance(error, trio.Cancelled):
                raise
        finally:
            self.entered.set()
            self._left.set()

    async def leave(self, raised: BaseException | None) -> None:
        """Leave it with what the block ``raised``. What comes out in its place is raised here."""
        self._raised = raised
        self._leave.set()
        await self._left.wait()
        if self.error is not None and self.error is not raised:
            raise self.error
