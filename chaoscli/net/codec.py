"""Messages as the bytes they would be on a wire, and back, for a network that carries values as long as nobody touches them.

The bytes are those that the real client and server send. Whole and unharmed they are recognised without being parsed;
everything else is read by h11, as the real peers read it.
"""

from __future__ import annotations

from collections import deque
from http import HTTPStatus
from typing import Generic, TypeVar

import h11

from chaoscli.messages import Headers, Request, Response

M = TypeVar("M", Request, Response)

# A reply's head may be as large as the real client takes; a request's as the real server takes.
MOST_HEADER_BYTES = 64 * 1024
# RFC 9110's, whatever this Python calls them.
REASONS = {status.value: status.phrase for status in HTTPStatus} | {413: "Content Too Large", 422: "Unprocessable Content"}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def request_bytes(callee: str, request: Request) -> bytes:
    """As the real client sends it to ``callee``."""
    framing = f"content-length: {len(request.body)}\r\n" if request.body or request.method in _WITH_BODY else ""
    head = f"{request.method} {request.target} HTTP/1.1\r\nhost: {callee}\r\n{_lines(request.headers)}{framing}\r\n"
    return head.encode("latin-1") + request.body


def response_bytes(response: Response) -> bytes:
    """As the real server sends it."""
    framing = f"content-length: {len(response.body)}\r\n" if response.status != HTTPStatus.NO_CONTENT else ""
    head = f"HTTP/1.1 {response.status} {REASONS.get(response.status, '')}\r\n{_lines(response.headers)}{framing}\r\n"
    return head.encode("latin-1") + response.body


def request_size(callee: str, request: Request) -> int:
    """``len(request_bytes(...))`` without making them."""
    size = len(request.method) + len(request.target) + len(callee) + 22 + _size(request.headers) + len(request.body)
    if request.body or request.method in _WITH_BODY:
        size += 18 + len(str(len(request.body)))
    return size


def response_size(response: Response) -> int:
    size = 17 + len(REASONS.get(response.status, "")) + _size(response.headers) + len(response.body)
    return size if response.status == HTTPStatus.NO_CONTENT else size + 18 + len(str(len(response.body)))


class Reader(Generic[M]):
    """Takes bytes as they come and gives whole messages. ``expect`` tells what was sent, so that it need not be parsed.

    h11.RemoteProtocolError for what no peer can read; nothing more comes out after that. What was ``sealed`` can be read only
    if it arrives as it was sent.
    """

    def __init__(self, *, sealed: bool = False) -> None:
        self._sealed = sealed
        self._buffer = bytearray()
        self._expected: deque[tuple[bytes, M]] = deque()
        self._parser: h11.Connection | None = None
        self._head: h11.Request | h11.Response | None = None
        self._body: list[bytes] = []
        self.request: Request | None = None  # a reader of replies must know what they answer

    def expect(self, data: bytes, message: M) -> None:
        """``data`` was sent, and means ``message`` if it arrives as it is."""
        self._expected.append((data, message))

    @property
    def in_midst(self) -> bool:
        """Some of a message has come, and not all of it."""
        return bool(self._buffer) or self._head is not None or self._parser is not None

    def read(self, data: bytes) -> list[M]:
        self._buffer += data
        found: list[M] = []
        while self._buffer:
            message = self._recognised() if self._parser is None else None
            if message is None:
                if self._parser is None and any(sent.startswith(bytes(self._buffer)) for sent, _ in self._expected):
                    break  # so far so good
                rest, self._buffer = bytes(self._buffer), bytearray()
                message = self._parsed(rest)
                if message is None:
                    break
            found.append(message)
        return found

    def end(self) -> list[M]:
        """The stream is over: what a reply without a stated length waited for."""
        if not self.in_midst:
            return []
        rest, self._buffer = bytes(self._buffer), bytearray()
        message = self._parsed(rest) if rest else None
        if message is None and self._parser is not None:
            message = self._parsed(b"")
        return [] if message is None else [message]

    def _recognised(self) -> M | None:
        """Bytes on one connection keep their order; what was dropped on the way is passed over."""
        for place, (sent, message) in enumerate(self._expected):
            if self._buffer.startswith(sent):
                del self._buffer[: len(sent)]
                for _ in range(place + 1):
                    self._expected.popleft()
                return message
        return None

    def _parsed(self, data: bytes) -> M | None:
        """The next message, as a peer reads it; what follows it goes back to the buffer."""
        if self._sealed:
            raise h11.RemoteProtocolError("bad record mac")
        if self._parser is None:
            self._parser = self._new_parser()
        self._parser.receive_data(data)
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return None
            if isinstance(event, h11.Request | h11.Response):
                self._head, self._body = event, []
            elif isinstance(event, h11.Data):
                self._body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return self._whole()

    def _new_parser(self) -> h11.Connection:
        if self.request is None:
            return h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEADER_BYTES)
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
        parser.send(h11.Request(method=self.request.method, target="/", headers=[("host", "callee")]))
        parser.send(h11.EndOfMessage())
        return parser

    def _whole(self) -> M:
        assert self._parser is not None
        assert self._head is not None
        head, body = self._head, b"".join(self._body)
        headers: Headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers)
        self._buffer[:0] = self._parser.trailing_data[0]
        self._parser, self._head, self._body = None, None, []
        message: Request | Response
        if isinstance(head, h11.Request):
            message = Request(method=head.method.decode("ascii"), target=head.target.decode("ascii"), headers=headers, body=body)
        else:
            message = Response(status=head.status_code, headers=headers, body=body)
        return message  # type: ignore[return-value]  # a server's parser gives requests, a client's replies


def _lines(headers: Headers) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers)


def _size(headers: Headers) -> int:
    size = 4 * len(headers)
    for name, value in headers:
        size += len(name) + len(value)
    return size
