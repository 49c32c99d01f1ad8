"""HTTP/1.1 to named callees, over connections that are kept and used again.

A kept connection may have been closed by its peer in the meantime. That is looked for before it is used; when it
happens at the same moment, the request is sent once more on a new connection, but only if its method is idempotent, no
byte of a reply had come and the connection had served before (RFC 9110, 9.2.2; RFC 9112, 9.3.1). Nothing else is
tried again here: trying again is a policy, and policies are what is being watched.
"""

from __future__ import annotations

import os
import select
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import h11
import trio

from chaoscli.messages import CallError, Headers, Request, Response, Result
from chaoscli.net.tcp import dial

READ_BYTES = 65536
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """What one callee may take of its caller. Sizes in bytes, times in seconds."""

    kept: int = 256  # idle connections to one callee: more than our services have workers, so a busy caller never redials
    kept_s: float = 30.0  # shorter than servers keep them (HttpLimits.idle_s), so that the two never meet in the act
    open: int = 2048  # connections to one callee at once: what hangs in a partition must stay below the open files allowed
    header_bytes: int = 64 * 1024
    body_bytes: int = 8 << 20


class HttpTransport:
    """``net.base.Transport`` over TCP. ``addresses`` (callee to host and port) is read at every call, so it may change."""

    def __init__(self, addresses: Mapping[str, tuple[str, int]], *, limits: ClientLimits | None = None) -> None:
        self._addresses = addresses
        self._limits = limits or ClientLimits()
        self._kept: defaultdict[str, list[_Connection]] = defaultdict(list)
        self._open: defaultdict[str, int] = defaultdict(int)

    async def exchange(self, callee: str, request: Request) -> Response:
        """The callee's reply; CallError refused when nobody listens, reset when the connection or the reply broke."""
        connection = self._take_kept(callee)
        if connection is not None:
            try:
                return await self._exchange_on(connection, callee, request)
            except _StaleError as stale:
                if request.method not in IDEMPOTENT:
                    raise CallError(Result.RESET, stale.detail) from stale
        return await self._exchange_on(await self._open_one(callee), callee, request)

    async def aclose(self) -> None:
        """Close what is kept; calls in flight are their callers' to cancel."""
        for callee, connections in self._kept.items():
            while connections:
                self._close(callee, connections.pop())

    async def _exchange_on(self, connection: _Connection, callee: str, request: Request) -> Response:
        whole = False
        try:
            response = await connection.exchange(callee, request)
            whole = True
        finally:
            if whole and connection.reusable and len(self._kept[callee]) < self._limits.kept:
                connection.kept_since = trio.current_time()
                self._kept[callee].append(connection)
            else:  # a cancelled exchange as well: its reply would answer the next request
                self._close(callee, connection)
        return response

    def _take_kept(self, callee: str) -> _Connection | None:
        """The connection used last, so that the others may grow old; those that are of no more use are closed on the way."""
        kept = self._kept[callee]
        oldest = trio.current_time() - self._limits.kept_s
        while kept:
            connection = kept.pop()
            if connection.address == self._addresses[callee] and connection.kept_since > oldest and connection.is_quiet():
                return connection
            self._close(callee, connection)
        return None

    async def _open_one(self, callee: str) -> _Connection:
        if self._open[callee] >= self._limits.open:
            raise CallError(Result.REFUSED, f"{self._limits.open} connections to {callee} are open already")
        address = self._addresses[callee]
        self._open[callee] += 1
        try:
            return _Connection(await dial(*address), address, self._limits)
        except BaseException as error:
            self._open[callee] -= 1
            if isinstance(error, ConnectionResetError | ConnectionAbortedError):
                raise CallError(Result.RESET, "reset while connecting") from error
            if isinstance(error, OSError):
                raise CallError(Result.REFUSED, os.strerror(error.errno or 0).lower()) from error
            raise

    def _close(self, callee: str, connection: _Connection) -> None:
        self._open[callee] -= 1
        connection.close_at_once()


class _StaleError(CallError):
    """A connection that had served before broke before any byte of this reply."""


class _Connection:
    def __init__(self, stream: trio.SocketStream, address: tuple[str, int], limits: ClientLimits) -> None:
        self.address = address
        self.kept_since = 0.0
        self._stream = stream
        self._limits = limits
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.header_bytes)
        self._served = False
        self._heard = False  # any byte of the present reply
        self._poll = select.poll()
        self._poll.register(stream.socket.fileno(), select.POLLIN)

    @property
    def reusable(self) -> bool:
        return self._http.our_state is h11.IDLE

    def is_quiet(self) -> bool:
        """Nothing has come since the last reply. Anything that has is the end of the stream, or a reply to no request."""
        return not self._poll.poll(0)

    def close_at_once(self) -> None:
        self._stream.socket.close()

    async def exchange(self, callee: str, request: Request) -> Response:
        self._heard = False
        try:
            response = await self._send_and_read(callee, request)
        except (trio.BrokenResourceError, ConnectionError, h11.RemoteProtocolError) as error:
            raise self._broken(error) from error
        self._served = True
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return response

    async def _send_and_read(self, callee: str, request: Request) -> Response:
        head = h11.Request(method=request.method, target=request.target, headers=_headers(callee, request))
        data = self._http.send(head) or b""
        if request.body:
            data += self._http.send(h11.Data(data=request.body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError:
            if not request.body:
                raise
            # A server may answer, and close, before it has read the whole body: then its reply is there to be read.
        return await self._read()

    async def _read(self) -> Response:
        head: h11.Response | None = None
        body: list[bytes] = []
        size = 0
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                data = await self._stream.receive_some(READ_BYTES)
                self._heard = self._heard or bool(data)
                self._http.receive_data(data)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size > self._limits.body_bytes:
                    raise h11.RemoteProtocolError(f"a reply of more than {self._limits.body_bytes} bytes")
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return Response(status=head.status_code, headers=_decoded(head), body=b"".join(body))
            elif isinstance(event, h11.ConnectionClosed):
                raise h11.RemoteProtocolError("closed before it answered")

    def _broken(self, error: Exception) -> CallError:
        kind = _StaleError if self._served and not self._heard else CallError
        if isinstance(error, h11.RemoteProtocolError):
            return kind(Result.RESET, str(error) if self._heard else "closed before it answered")
        return kind(Result.RESET, "connection reset")


def _headers(callee: str, request: Request) -> list[tuple[bytes, bytes]]:
    """Every request names its host (RFC 9112, 3.2) and frames its body."""
    headers = [(b"host", callee.encode("ascii"))]
    headers += [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers.append((b"content-length", str(len(request.body)).encode()))
    return headers


def _decoded(head: h11.Response) -> Headers:
    return tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers)
