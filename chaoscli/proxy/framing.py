"""Where the HTTP/1.1 messages of one direction begin and end, with every byte kept as it came.

It reads only what framing needs (RFC 9112, sections 2 to 7), holds back nothing but an incomplete head, and never fails: what is
not HTTP/1.x, or more than it will hold, is raw from there on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chaoscli.messages import Request

# h11 gives a head 16 KiB and nginx 32 KiB by default; beyond this no server of ours would read it either.
HEAD_BYTES_MAX = 64 * 1024
# A chunk's size is 16 digits at most; the rest is for extensions, which nobody uses.
SIZE_LINE_BYTES_MAX = 4 * 1024
# As much of a first line as is looked at before it is whole: enough to know that a protocol is another one.
_FIRST_BYTES = 64

# The extent of a body: a length in bytes, or one of these.
CHUNKED = -1
UNTIL_CLOSE = -2
RAW_FROM_HERE = -3  # what follows this head is not HTTP (a tunnel, a WebSocket)


@dataclass(frozen=True, slots=True)
class Head:
    """A whole head, blank line included."""

    raw: bytes
    extent: int


@dataclass(frozen=True, slots=True)
class Body:
    """Some of the body as it travels, the framing of chunks included."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The message is complete."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that belong to no message: from here on everything is raw."""

    raw: bytes


Part = Head | Body | End | Raw


class NotHttp(Exception):
    """This head cannot be framed."""


class Reader:
    """One direction. ``first_line`` is what a whole first line looks like, ``beginning`` what the beginning of one does;
    ``measure`` gives the extent of the body behind a head, or raises NotHttp."""

    __slots__ = ("_beginning", "_first_line", "_held", "_left", "_line", "_measure", "_state", "_trailer_bytes")

    def __init__(self, first_line: re.Pattern[bytes], beginning: re.Pattern[bytes], measure: Callable[[bytes], int]) -> None:
        self._first_line = first_line
        self._beginning = beginning
        self._measure = measure
        self._state: Callable[[bytes, int, list[Part]], int] = self._read_head
        self._held = bytearray()  # an incomplete head
        self._left = 0  # bytes of the body, or of the chunk and its line end, still to come
        self._line = b""  # an incomplete line between chunks
        self._trailer_bytes = -1  # how much trailer there was; -1 before the last chunk

    @property
    def between_messages(self) -> bool:
        """Has the last message ended and the next not begun?"""
        return self._state == self._read_head and not self._held

    @property
    def is_raw(self) -> bool:
        return self._state == self._read_raw

    def read(self, data: bytes) -> Iterator[Part]:
        """The parts in ``data``. Take each before asking for the next: how a reply is framed depends on what came before."""
        parts: list[Part] = []
        at = 0
        while at < len(data):
            at = self._state(data, at, parts)
            yield from parts
            parts.clear()

    def end(self) -> list[Part]:
        """The stream ended: a body that lasts until the close is complete now, an incomplete head never will be."""
        if self._state == self._read_until_close:
            self._state = self._read_raw
            return [End()]
        return self.give_up()

    def give_up(self) -> list[Part]:
        """Raw from here on; what was held comes back."""
        self._state = self._read_raw
        held, self._held = bytes(self._held), bytearray()
        return [Raw(held)] if held else []

    # Each state reads data[at:], appends parts and answers how far it came.

    def _read_head(self, data: bytes, at: int, parts: list[Part]) -> int:
        if not self._held:
            found = _BLANK_LINE.search(data, at)
            if found is not None:
                return self._begin_message(data[at : found.end()], data, found.end(), parts)
        before = len(self._held)
        self._held += data[at:] if at else data
        found = _BLANK_LINE.search(self._held, max(0, before - 2)) if before else None
        if found is not None:
            raw = bytes(self._held[: found.end()])
            self._held = bytearray()
            return self._begin_message(raw, data, at + len(raw) - before, parts)
        if len(self._held) > HEAD_BYTES_MAX or not self._is_plausible():
            parts.extend(self.give_up())
        return len(data)

    def _begin_message(self, raw: bytes, data: bytes, at: int, parts: list[Part]) -> int:
        try:
            if len(raw) > HEAD_BYTES_MAX or not self._first_line.match(raw):
                raise NotHttp
            extent = self._measure(raw)
        except NotHttp:
            self._state = self._read_raw
            parts.append(Raw(raw))
            return at
        parts.append(Head(raw, extent))
        if extent > 0:
            self._left = extent
            self._state = self._read_length
        elif extent == 0:
            parts.append(End())
            self._state = self._read_head
        elif extent == CHUNKED:
            self._trailer_bytes = -1
            self._state = self._read_chunked
        else:
            self._state = self._read_until_close if extent == UNTIL_CLOSE else self._read_raw
        return at

    def _is_plausible(self) -> bool:
        """Could what is held still become a head?"""
        held = self._held
        begin = len(held) - len(held.lstrip(b"\r\n"))
        if held.find(b"\n", begin) >= 0:
            return self._first_line.match(held) is not None
        return self._beginning.fullmatch(held[begin : begin + _FIRST_BYTES]) is not None

    def _read_length(self, data: bytes, at: int, parts: list[Part]) -> int:
        end = min(len(data), at + self._left)
        self._left -= end - at
        parts.append(Body(data if at == 0 and end == len(data) else data[at:end]))
        if not self._left:
            parts.append(End())
            self._state = self._read_head
        return end

    def _read_until_close(self, data: bytes, at: int, parts: list[Part]) -> int:
        parts.append(Body(data[at:] if at else data))
        return len(data)

    def _read_raw(self, data: bytes, at: int, parts: list[Part]) -> int:
        parts.append(Raw(data[at:] if at else data))
        return len(data)

    def _read_chunked(self, data: bytes, at: int, parts: list[Part]) -> int:
        begin = at
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            newline = data.find(b"\n", at)
            if newline < 0:
                self._line += data[at:]
                at = len(data)
                if len(self._line) <= SIZE_LINE_BYTES_MAX:
                    break
                self._state = self._read_raw
                break
            line, self._line = self._line + data[at : newline + 1], b""
            at = newline + 1
            if not self._take_line(line):
                self._state = self._read_raw
                break
            if self._state == self._read_head:
                parts += (Body(data[begin:at] if begin or at < len(data) else data), End())
                return at
        parts.append(Body(data[begin:at] if begin or at < len(data) else data))
        return at

    def _take_line(self, line: bytes) -> bool:
        """A chunk's size, or a line of the trailer. False: this is not chunked framing."""
        if self._trailer_bytes >= 0:
            self._trailer_bytes += len(line)
            if not line.strip(b"\r\n"):
                self._state = self._read_head
            return self._trailer_bytes <= HEAD_BYTES_MAX
        size = _CHUNK_SIZE.match(line)
        if size is None:
            return False
        length = int(size[1], 16)
        if length:
            self._left = length + 2  # the line end behind the chunk's bytes
        else:
            self._trailer_bytes = 0
        return True


def request_reader() -> Reader:
    return Reader(_REQUEST_LINE, _REQUEST_BEGINNING, request_extent)


def reply_reader(measure: Callable[[bytes], int]) -> Reader:
    """``measure`` must know which request is being answered; see ``reply_extent``."""
    return Reader(_STATUS_LINE, _STATUS_BEGINNING, measure)


def request_extent(head: bytes) -> int:
    """How long the body of a request is (RFC 9112, section 6.3)."""
    if method_of(head) == "CONNECT":
        return RAW_FROM_HERE
    extent = _stated_extent(head)
    return 0 if extent is None else extent


def reply_extent(head: bytes, method: str) -> int:
    """How long the body of the reply to a request of ``method`` is."""
    status = status_of(head)
    if status == 101 or (method == "CONNECT" and 200 <= status < 300):
        return RAW_FROM_HERE
    if status < 200 or status in (204, 304) or method == "HEAD":
        return 0
    extent = _stated_extent(head)
    return UNTIL_CLOSE if extent is None else extent


def method_of(head: bytes) -> str:
    return head.lstrip(b"\r\n").partition(b" ")[0].decode("latin-1")


def status_of(head: bytes) -> int:
    return int(head.lstrip(b"\r\n").split(None, 2)[1])


def wants_close(head: bytes) -> bool:
    """Does this request or reply say that its connection ends with it?"""
    first, _, _ = head.lstrip(b"\r\n").partition(b"\n")
    options = b",".join(value for name, value in _FRAMING_FIELD.findall(head.lower()) if name == b"connection")
    tokens = {token.strip() for token in options.split(b",")}
    return b"close" in tokens or (b"HTTP/1.0" in first and b"keep-alive" not in tokens)


def expects_continue(head: bytes) -> bool:
    return any(name == b"expect" and b"100-continue" in value for name, value in _FRAMING_FIELD.findall(head.lower()))


def wants_upgrade(head: bytes) -> bool:
    """Does this request ask to speak another protocol from here on?"""
    return b"\nupgrade:" in head.lower()


def request_of(head: bytes) -> Request:
    """The head as a value, its body left out; header names in lower case, values without the white space around them."""
    first, *lines = head.strip(b"\r\n").decode("latin-1").split("\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    return Request(method=method, target=target, headers=tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))


def _stated_extent(head: bytes) -> int | None:
    """What the header says about the body: a length, CHUNKED, or nothing. NotHttp where readers could disagree."""
    if _FOLDED_LINE.search(head):
        raise NotHttp  # a folded header might hide one of those below
    fields = _FRAMING_FIELD.findall(head.lower())
    codings = [value.strip() for name, value in fields if name == b"transfer-encoding"]
    lengths = {one.strip() for name, value in fields if name == b"content-length" for one in value.split(b",")}
    if codings:
        if lengths or codings[-1].split(b",")[-1].strip() != b"chunked":
            raise NotHttp
        return CHUNKED
    if not lengths:
        return None
    (length,) = lengths if len(lengths) == 1 else (b"",)
    if not _LENGTH.fullmatch(length):
        raise NotHttp
    return int(length)


_BLANK_LINE = re.compile(rb"\n\r?\n")
_FOLDED_LINE = re.compile(rb"\n[ \t]")
_FRAMING_FIELD = re.compile(rb"\n(content-length|transfer-encoding|connection|expect)[ \t]*:([^\n]*)")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_REQUEST_LINE = re.compile(rb"[\r\n]*" + _TOKEN + rb"{1,40} [^\x00-\x20\x7f]+ HTTP/1\.[01]\r?\n")
_REQUEST_BEGINNING = re.compile(_TOKEN + rb"{0,40}(?:(?<=.) [^\x00-\x20\x7f]*(?: [HTP/1.0]*)?\r?)?")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}(?: [^\n]*)?\r?\n")
_STATUS_BEGINNING = re.compile(rb"H?|HT|HTT|HTTP|HTTP/|HTTP/1|HTTP/1\.|HTTP/1\.[01](?: [^\n]*)?")
