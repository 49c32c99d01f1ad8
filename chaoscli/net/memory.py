"""The two peers of a connection that carries values: a caller that keeps it as it would keep a socket, a callee that serves it.

What lies between them, and when it arrives, is the world's business: it is handed what a peer sends, and hands over what
arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

import trio

from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.net.base import Failed, Handler, HungUp
from chaoscli.net.pool import StaleError
from chaoscli.net.problems import error_response

M = TypeVar("M", Request, Response)


# A TLS 1.3 handshake with a certificate on both sides, as our own server and client send it: the hello, the callee's answer with
# its certificate, the caller's with its own. On top of each record of data: its head, its type and its seal.
HELLO_BYTES, ANSWER_BYTES, CERTIFICATE_BYTES = 517, 1461, 1239
RECORD_BYTES, MOST_IN_A_RECORD = 22, 16 * 1024


@dataclass(frozen=True, slots=True)
class Flight:
    """A part of a handshake. ``certified``: whoever sends it can show who it is."""

    size: int
    certified: bool = True


class Ending(Enum):
    """How a stream ended."""

    CLOSED = "closed"
    RESET = "reset"


class Carrier(Protocol):
    """What stands behind a peer: the way to the other one."""

    def send(self, message: Any) -> None:
        """Carry a Request, a Response or a Flight; it never waits."""

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

    async def shake_hands(self, *, certified: bool) -> None:
        """A round trip before anything can be asked; CallError when the callee does not speak TLS. One that does not like who
        is asking says so by closing the connection, later, as TLS 1.3 does."""
        try:
            self.carrier.send(Flight(HELLO_BYTES))
            if not isinstance(await self._next(), Flight):
                raise CallError(Result.RESET, "the TLS handshake failed")
        except BaseException:
            self.close_at_once()
            raise
        self.carrier.send(Flight(CERTIFICATE_BYTES, certified))

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
    """Requests one after the other, each answered before the next is looked at; to a ``secured`` one, only of those who have
    shaken hands."""

    def __init__(self, *, secured: bool = False) -> None:
        super().__init__()
        self._secured = secured
        self._handling: trio.CancelScope | None = None

    async def serve(self, handler: Handler, failed: Failed, hung_up: HungUp | None = None) -> None:
        """Until the caller is done. A handler is not stopped when its caller hangs up, as in most servers, unless somebody is to
        be told: ``hung_up``."""
        if self._secured and not await self._shakes_hands():
            self.close_at_once()
            return
        while isinstance(request := await self._next(), Request):
            with trio.CancelScope() if hung_up else nullcontext() as self._handling:
                response = await _answer(handler, failed, request)
            if self._handling is not None and self._handling.cancelled_caught:
                assert hung_up is not None
                hung_up(request)
                break
            self._handling = None
            self.carrier.send(replace(response, body=b"") if request.method == "HEAD" else response)
        if self.why and not self._has_left and not self._secured:
            # h11 quotes the bytes it choked on; they are the caller's own and no use to it.
            self.carrier.send(error_response(400, self.why.partition(": bytearray(")[0]))
        self.close_at_once()

    def ends(self, ending: Ending, why: str = "") -> None:
        super().ends(ending, why)
        if self._handling is not None:
            self._handling.cancel()

    async def _shakes_hands(self) -> bool:
        if not isinstance(await self._next(), Flight):
            return False
        self.carrier.send(Flight(ANSWER_BYTES))
        flight = await self._next()
        return isinstance(flight, Flight) and flight.certified


async def _answer(handler: Handler, failed: Failed, request: Request) -> Response:
    """A bug in a handler must not take the service with it."""
    answer: Awaitable[Response] = handler(request)
    try:
        return await answer
    except Exception as error:
        failed(request, error)
        return error_response(500, "internal error")
