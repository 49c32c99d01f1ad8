"""HTTP/1.1 to named callees over TCP; which connection is used again is the pool's to say."""

from __future__ import annotations

import select
import ssl
from collections.abc import Mapping

import h11
import trio

from chaoscli.messages import CallError, Headers, Request, Response, Result
from chaoscli.net.pool import ClientLimits, Pool, StaleError
from chaoscli.net.tcp import dial
from chaoscli.net.tls import shaken_hands

READ_BYTES = 65536


class HttpTransport(Pool["_Connection"]):
    """``net.base.Transport`` over TCP, or over TLS with the callees that ``tls`` has a context for. ``addresses`` (callee to
    host and port) is read at every call, so it may change."""

    def __init__(
        self,
        addresses: Mapping[str, tuple[str, int]],
        *,
        limits: Mapping[str, ClientLimits] | None = None,
        tls: Mapping[str, ssl.SSLContext] | None = None,
    ) -> None:
        super().__init__(limits)
        self._addresses = addresses
        self._tls = tls or {}

    async def _connect(self, callee: str) -> _Connection:
        address = self._addresses[callee]
        stream = await dial(*address)
        secured = await shaken_hands(stream, self._tls[callee], callee) if callee in self._tls else stream
        return _Connection(secured, stream.socket, address, self.limits_to(callee))

    def _leads_to(self, connection: _Connection, callee: str) -> bool:
        return connection.address == self._addresses[callee]


class _Connection:
    """``sock`` is what ``stream`` stands on."""

    def __init__(
        self, stream: trio.abc.Stream, sock: trio.socket.SocketType, address: tuple[str, int], limits: ClientLimits
    ) -> None:
        self.address = address
        self.kept_since = 0.0
        self._stream = stream
        self._socket = sock
        self._limits = limits
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.header_bytes)
        self._served = False
        self._heard = False  # any byte of the present reply
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    @property
    def reusable(self) -> bool:
        return self._http.our_state is h11.IDLE

    def is_quiet(self) -> bool:
        """Nothing has come since the last reply. Anything that has is the end of the stream, or a reply to no request."""
        return not self._poll.poll(0)

    def close_at_once(self) -> None:
        self._socket.close()

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
                self._http.receive_data(bytes(data))
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
        kind = StaleError if self._served and not self._heard else CallError
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
