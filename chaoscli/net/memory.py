"""The two peers of a connection that carries values: a caller that keeps it as it would keep a socket, a callee that serves it.

What lies between them, and when it arrives, is the world's business: it is handed what a peer sends, and hands over what
arrives.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

import trio

from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.net.base import Handler
from chaoscli.net.pool import StaleError

M = TypeVar("M", Request, Response)

Failed = Callable[[Request, Exception], None]


class Ending(Enum):
    """How a stream ended."""

    CLOSED = "closed"
    RESET = "reset"


class Carrier(Protocol):
    """What stands behind a peer: the way to the other one."""

    def send(self, message: Any) -> None:
        """Carry a Request or a Response; it never waits."""

    def left(self) -> None:
        """The peer has closed its side; nothing that still arrives is of use to it."""


class Peer(Generic[M]):
    """One end: what has arrived, in order, and whoever waits for it."""

    def __init__(self) -> None:
        self.carrier: Carrier
        self.ending: Ending | None = None
        self.why = ""  # what was wrong with what came, for a stream that cannot be read on
        self.heard = False  # some of the message that is waited for has come
        self._arrived: deque[M] = deque()
        self._waiter: trio.lowlevel.Task | None = None
        self._has_left = False

    def arrives(self, message: M) -> None:
        self._arrived.append(message)
        self._wake()

    def ends(self, ending: Ending, why: str = "") -> None:
        """Nothing more will arrive, after what has."""
        if self.ending is None:
            self.ending, self.why = ending, why
            self._wake()

    def close_at_once(self) -> None:
        if not self._has_left:
            self._has_left = True
            self.carrier.left()

    async def _next(self) -> M | None:
        """The next message; None once the stream has ended, whichever way."""
        while not self._arrived:
            if self.ending is not None:
                return None
            self._waiter = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._abort)
        return self._arrived.popleft()

    def _abort(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._waiter = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        if self._waiter is not None:
            task, self._waiter = self._waiter, None
            trio.lowlevel.reschedule(task)


class CallerPeer(Peer[Response]):
    """One request at a time, as over a socket; a ``net.pool.Pooled``."""

    def __init__(self) -> None:
        super().__init__()
        self.kept_since = 0.0
        self._served = False

    @property
    def reusable(self) -> bool:
        return self.ending is None

    def is_quiet(self) -> bool:
        return self.ending is None and not self._arrived

    async def exchange(self, callee: str, request: Request) -> Response:
        """The reply; StaleError or CallError, with the real client's words, when the connection broke."""
        self.heard = False
        if self.ending is None:
            self.carrier.send(request)
        response = await self._next()
        if response is None:
            raise self._broken()
        self._served = True
        return response

    def _broken(self) -> CallError:
        kind = StaleError if self._served and not self.heard else CallError
        if self.ending is Ending.RESET:
            return kind(Result.RESET, "connection reset")
        return kind(Result.RESET, self.why if self.heard and self.why else "closed before it answered")


class CalleePeer(Peer[Request]):
    """Requests one after the other, each answered before the next is looked at."""

    async def serve(self, handler: Handler, failed: Failed) -> None:
        """Until the caller is done. A handler is not stopped when its caller hangs up, as in most servers."""
        while (request := await self._next()) is not None:
            response = await _answer(handler, failed, request)
            self.carrier.send(replace(response, body=b"") if request.method == "HEAD" else response)
        if self.why and not self._has_left:
            # h11 quotes the bytes it choked on; they are the caller's own and no use to it.
            self.carrier.send(_error(400, self.why.partition(": bytearray(")[0]))
        self.close_at_once()


async def _answer(handler: Handler, failed: Failed, request: Request) -> Response:
    """A bug in a handler must not take the service with it."""
    answer: Awaitable[Response] = handler(request)
    try:
        return await answer
    except Exception as error:
        failed(request, error)
        return _error(500, "internal error")


def _error(status: int, why: str) -> Response:
    body = json.dumps({"error": why}, separators=(",", ":")).encode()
    return Response(status=status, headers=(("content-type", "application/json"),), body=body)
