"""HTTP/1.1 for a handler, over any trio streams: h11 speaks the protocol, this file decides how long and how much.

It guards the service behind it: no peer, however slow, large or malformed, can end it, hold a connection without bound
or make it read without bound. A handler is not stopped when its caller hangs up, as in most servers: work that nobody
waits for any more is one of the things to be seen here.

Replies carry no ``Date``: a node's clock may be a lie here, and RFC 9110, 6.6.1 lets a server without a reliable one
leave it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
import trio

from chaoscli.messages import Request, Response
from chaoscli.net.base import Failed, Handler, HungUp
from chaoscli.net.codec import REASONS
from chaoscli.net.problems import error_response

READ_BYTES = 65536
# What is read and thrown away after a request was turned away half read: closing with unread bytes would send a reset,
# which may overtake the answer. A megabyte is in flight at most on a loopback link; past that the peer is not listening.
MOST_THROWN_AWAY_BYTES = 1 << 20
LINGER_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What one peer may take. Sizes in bytes, times in seconds."""

    header_bytes: int = 16 * 1024  # h11's own default, and twice what Apache takes
    body_bytes: int = 1 << 20  # nginx's default; an order is a hundred bytes
    idle_s: float = 75.0  # nginx's keepalive_timeout; longer than our clients keep a connection, so they let go first
    read_s: float = 60.0  # a whole request, from its first byte; longer than any play's faults hold one back
    write_s: float = 60.0  # a whole reply into a peer that does not read
    connections: int = 2048  # a hundred requests a second that hang for a whole play, and some


class _TurnedAwayError(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class HttpServer:
    """Serves ``handler``; an exception of the handler answers 500 and is told to ``failed``.

    A caller that closes its side is only noticed when its answer is written, as in most servers. With somebody to tell,
    ``hung_up``, the handler is stopped instead; a caller that closes half of its connection would still be there, so ask for
    this only where callers do not.
    """

    def __init__(
        self, handler: Handler, *, limits: HttpLimits | None = None, failed: Failed | None = None, hung_up: HungUp | None = None
    ) -> None:
        self.handler = handler
        self.limits = limits or HttpLimits()
        self.failed = failed
        self.hung_up = hung_up
        self.stopping = False
        self._connections: set[_Connection] = set()
        self._accepting = trio.CancelScope()
        self._all = trio.CancelScope()
        self._emptied = trio.Event()

    async def serve(self, listeners: Sequence[trio.abc.Listener[Any]]) -> None:
        """Accept and answer until cancelled or stopped; the listeners are closed then."""
        with self._all:
            async with trio.open_nursery() as nursery:
                with self._accepting:
                    await trio.serve_listeners(self.serve_stream, list(listeners), handler_nursery=nursery)

    async def serve_stream(self, stream: trio.abc.Stream) -> None:
        """Answer what comes on one connection until either side has enough of it."""
        if len(self._connections) >= self.limits.connections:
            await trio.aclose_forcefully(stream)
            return
        connection = _Connection(self, stream)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.remove(connection)
            if not self._connections:
                self._emptied.set()

    async def stop(self, grace_s: float) -> None:
        """Take no new connection, let those at work answer for ``grace_s`` at most, then close all."""
        self.stopping = True
        self._accepting.cancel()
        for connection in self._connections:
            connection.close_if_idle()
        with trio.move_on_after(grace_s):
            while self._connections:
                self._emptied = trio.Event()
                await self._emptied.wait()
        self._all.cancel()


class _Connection:
    def __init__(self, server: HttpServer, stream: trio.abc.Stream) -> None:
        self._server = server
        self._limits = server.limits
        self._stream = stream
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=server.limits.header_bytes)
        self._reading = trio.CancelScope()
        self._method = b""
        self._begun = False  # some of a request has come, and its answer has not gone

    async def run(self) -> None:
        try:
            while await self._serve_one():
                self._http.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the peer went away, which is its right
        finally:
            await trio.aclose_forcefully(self._stream)

    def close_if_idle(self) -> None:
        if not self._begun:
            self._reading.cancel()

    async def _serve_one(self) -> bool:
        """One request and its reply; whether another may follow."""
        try:
            request = await self._read()
            if request is None:
                return False
            answer = await (self._answer(request) if self._server.hung_up is None else self._answer_unless_gone(request))
            if answer is None:
                return False
            await self._send(*answer)
        except h11.RemoteProtocolError as error:
            # h11 quotes the bytes it choked on; they are the caller's own and no use to it.
            await self._turn_away(error.error_status_hint, str(error).partition(": bytearray(")[0])
            return False
        except _TurnedAwayError as error:
            await self._turn_away(error.status, error.why)
            return False
        self._begun = False
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _read(self) -> Request | None:
        """The next whole request; None when the peer is done or stays silent."""
        self._method = b""
        self._begun = bool(self._http.trailing_data[0])
        allowed_s = self._limits.read_s if self._begun else self._limits.idle_s
        with trio.move_on_after(allowed_s) as self._reading:
            if self._server.stopping and not self._begun:
                return None
            return await self._read_events()
        if self._begun:
            raise _TurnedAwayError(HTTPStatus.REQUEST_TIMEOUT, f"no whole request within {self._limits.read_s:g}s")
        return None

    async def _read_events(self) -> Request | None:
        head: h11.Request | None = None
        body: list[bytes] = []
        size = 0
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._receive()
            elif isinstance(event, h11.Request):
                head, self._method = event, event.method
                self._check(event)
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size > self._limits.body_bytes:
                    raise self._too_large()
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _request(head, b"".join(body))
            else:  # the peer closed between requests
                return None

    async def _receive(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            await self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        data = await self._stream.receive_some(READ_BYTES)
        if data and not self._begun:
            self._begun = True
            self._reading.deadline = trio.current_time() + self._limits.read_s
        self._http.receive_data(bytes(data))

    def _check(self, head: h11.Request) -> None:
        """Turn away before the body what will not be served anyway."""
        if head.http_version not in (b"1.1", b"1.0"):
            raise _TurnedAwayError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here")
        if head.method == b"CONNECT":  # a 200 would turn the connection into a tunnel
            raise _TurnedAwayError(HTTPStatus.NOT_IMPLEMENTED, "no tunnels here")
        for name, value in head.headers:
            if name == b"content-length" and int(value) > self._limits.body_bytes:
                raise self._too_large()

    def _too_large(self) -> _TurnedAwayError:
        return _TurnedAwayError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {self._limits.body_bytes} bytes")

    async def _answer(self, request: Request) -> tuple[h11.Response, bytes]:
        """Head and body of the reply; a handler that fails, or says what no wire can carry, gets a 500 said for it."""
        try:
            response = await self._server.handler(request)
            return self._head(response), response.body
        except Exception as error:  # a bug in a handler must not take the service with it
            if self._server.failed is not None:
                self._server.failed(request, error)
            response = error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")
            return self._head(response), response.body

    async def _answer_unless_gone(self, request: Request) -> tuple[h11.Response, bytes] | None:
        """The reply; None when the caller closed its connection before there was one."""
        answer: tuple[h11.Response, bytes] | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_gone, nursery.cancel_scope)
            answer = await self._answer(request)
            nursery.cancel_scope.cancel()
        if answer is None and self._server.hung_up is not None:
            self._server.hung_up(request)
        return answer

    async def _cancel_when_gone(self, work: trio.CancelScope) -> None:
        """What comes meanwhile is the next request's, kept as far as one may be long; who sends more is not read on."""
        kept = 0
        try:
            while kept < self._limits.header_bytes:
                data = await self._stream.receive_some(READ_BYTES)
                if not data:
                    break
                kept += len(data)
                self._http.receive_data(bytes(data))
            else:
                return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        work.cancel()

    def _head(self, response: Response, *, close: bool = False) -> h11.Response:
        given = [(name, value) for name, value in response.headers if name.lower() not in _FRAMING]
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in given]
        if response.status != HTTPStatus.NO_CONTENT:  # which must not carry one (RFC 9110, 8.6)
            headers.append((b"content-length", str(len(response.body)).encode()))
        if close or self._server.stopping:
            headers.append((b"connection", b"close"))
        return h11.Response(status_code=response.status, headers=headers, reason=REASONS.get(response.status, "").encode())

    async def _send(self, head: h11.Response, body: bytes) -> None:
        data = self._http.send(head) or b""
        if body and self._method != b"HEAD" and head.status_code not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            data += self._http.send(h11.Data(data=body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        await self._write(data)

    async def _write(self, data: bytes) -> None:
        with trio.move_on_after(self._limits.write_s) as patience:
            await self._stream.send_all(data)
        if patience.cancelled_caught:
            raise trio.BrokenResourceError("the peer does not read")

    async def _turn_away(self, status: int, why: str) -> None:
        """Answer, if an answer may still go out, and close without a reset overtaking it."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        response = error_response(status, why)
        await self._send(self._head(response, close=True), response.body)
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()
        with trio.move_on_after(LINGER_S):
            thrown_away = 0
            while thrown_away < MOST_THROWN_AWAY_BYTES and (data := await self._stream.receive_some(READ_BYTES)):
                thrown_away += len(data)


# Python 3.13 follows RFC 9110 in renaming two of them; a reply is the same under every Python.
# Ours to say: the framing is decided here, whatever a handler thinks.
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


def _request(head: h11.Request, body: bytes) -> Request:
    return Request(
        method=head.method.decode("ascii"),
        target=_origin_form(head.target.decode("ascii")),
        headers=tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers),
        body=body,
    )


def _origin_form(target: str) -> str:
    """A server must take ``http://host/path`` as well (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return target
    _host, slash, path = rest.partition("/")
    return f"/{path}" if slash else "/"
