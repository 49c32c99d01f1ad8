"""Three ways into one thing that lives in a run of trio: awaited in that run, awaited from another loop, or waited for."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

import trio

from chaoscli.errors import leaves
from chaoscli.python.portal import Portal

T = TypeVar("T")
G = TypeVar("G")


class Run(Protocol):
    """How an async function of the ground is run from here."""

    async def __call__(self, call: Callable[..., Awaitable[T]], *args: Any) -> T: ...


class RunNow(Protocol):
    """The same, and the result is waited for."""

    def __call__(self, call: Callable[..., Awaitable[T]], *args: Any) -> T: ...


class Face(Generic[G]):
    """To be awaited."""

    def __init__(self, ground: G, run: Run) -> None:
        self._ground = ground
        self._run = run

    def _block(self, begin: Callable[..., Awaitable[str]], end: Callable[[str], Awaitable[None]], *said: Any) -> Block:
        return Block(self._run, begin, end, said)


class BlockingFace(Generic[G]):
    """To be waited for, in any thread but the portal's."""

    def __init__(self, ground: G, run: RunNow) -> None:
        self._ground = ground
        self._run = run

    def _block(self, begin: Callable[..., Awaitable[str]], end: Callable[[str], Awaitable[None]], *said: Any) -> BlockingBlock:
        return BlockingBlock(self._run, begin, end, said)


class _Entered:
    """What does nothing until it is entered, and says so if it never was, as a coroutine that is not awaited does."""

    _was_entered = False

    def __init__(self, keyword: str, said: tuple[Any, ...]) -> None:
        self._keyword = keyword
        self._said = said

    def __del__(self) -> None:
        if not self._was_entered:
            text = f"{self._said[0]!r} was never entered, and does nothing: begin a block with `{self._keyword} ...:`"
            warnings.warn(text, RuntimeWarning, stacklevel=2)


class Block(_Entered):
    """Something that lasts as long as an ``async with`` block, which gets its name."""

    def __init__(
        self, run: Run, begin: Callable[..., Awaitable[str]], end: Callable[[str], Awaitable[None]], said: tuple[Any, ...]
    ) -> None:
        super().__init__("async with", said)
        self._run, self._begin, self._end = run, begin, end
        self._name = ""

    async def __aenter__(self) -> str:
        self._was_entered = True
        self._name = await self._run(self._begin, *self._said)
        return self._name

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._run(self._end, self._name)


class BlockingBlock(_Entered):
    """Something that lasts as long as a ``with`` block, which gets its name."""

    def __init__(
        self, run: RunNow, begin: Callable[..., Awaitable[str]], end: Callable[[str], Awaitable[None]], said: tuple[Any, ...]
    ) -> None:
        super().__init__("with", said)
        self._run, self._begin, self._end = run, begin, end
        self._name = ""

    def __enter__(self) -> str:
        self._was_entered = True
        self._name = self._run(self._begin, *self._said)
        return self._name

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._run(self._end, self._name)


A = TypeVar("A", covariant=True)
B = TypeVar("B", covariant=True)


class Doors(Generic[A, B]):
    """What ``with`` and ``async with`` open: ``open_ground`` in this run of trio, or through a portal, shown by one of two
    faces. A portal that is given is there for several; without, there is one for the block."""

    def __init__(
        self,
        open_ground: Callable[[Portal | None], AbstractAsyncContextManager[G]],
        face: Callable[[G, Run], A],
        blocking_face: Callable[[G, RunNow], B],
        portal: Portal | None,
    ) -> None:
        self._open_ground: Callable[[Portal | None], AbstractAsyncContextManager[Any]] = open_ground
        self._face: Callable[[Any, Run], A] = face
        self._blocking_face: Callable[[Any, RunNow], B] = blocking_face
        self._portal = portal
        self._blocking = ExitStack()
        self._awaited = AsyncExitStack()

    def __enter__(self) -> B:
        ground, portal = self._enter()
        return self._blocking_face(ground, portal.run)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        return self._blocking.__exit__(kind, error, trace)

    async def __aenter__(self) -> A:
        if _in_trio():
            return self._face(await self._awaited.enter_async_context(_bare(self._open_ground(None))), _here)
        ground, portal = await asyncio.to_thread(self._enter)
        return self._face(ground, _through(portal))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if _in_trio():
            return await self._awaited.__aexit__(kind, error, trace)
        return await asyncio.to_thread(self._blocking.__exit__, kind, error, trace)

    def enter_for_tasks(self) -> A:
        """Opened in plain code, to be awaited in any loop; closed by ``__exit__``."""
        ground, portal = self._enter()
        return self._face(ground, _through(portal))

    def _enter(self) -> tuple[Any, Portal]:
        with ExitStack() as stack:
            portal = self._portal or stack.enter_context(Portal())
            ground = stack.enter_context(portal.open(lambda: _bare(self._open_ground(self._portal))))
            self._blocking = stack.pop_all()
        return ground, portal


class _bare(Generic[G]):  # noqa: N801  # a wrapper, named like the functions that make what it wraps
    """The context manager, without the groups that nurseries wrap around errors: an AssertionError of a test is to come out as
    one. What the others follow from comes out: the end of a play cancels the block in it."""

    def __init__(self, inner: AbstractAsyncContextManager[G]) -> None:
        self._inner = inner

    async def __aenter__(self) -> G:
        try:
            return await self._inner.__aenter__()
        except BaseExceptionGroup as group:
            raise _cause(group, None) from None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await self._inner.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            cause = _cause(group, error)
            if cause is error:
                return False
            raise cause from None


def _cause(group: BaseExceptionGroup[BaseException], raised: BaseException | None) -> BaseException:
    found = list(leaves(group))
    interrupted = [one for one in found if isinstance(one, KeyboardInterrupt)]
    blocks = [raised] if raised is not None and not isinstance(raised, trio.Cancelled) else []
    return (interrupted or blocks or found)[0]


async def _here(call: Callable[..., Awaitable[T]], *args: Any) -> T:
    return await call(*args)


def _through(portal: Portal) -> Run:
    """The waiting is done in a thread, so that the loop goes on meanwhile."""

    async def run(call: Callable[..., Awaitable[T]], *args: Any) -> T:
        if _in_trio():
            return await trio.to_thread.run_sync(lambda: portal.run(call, *args))
        return await asyncio.to_thread(portal.run, call, *args)

    return run


def _in_trio() -> bool:
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return False
    return True
