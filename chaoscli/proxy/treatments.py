"""How a verdict is carried out on the bytes of one HTTP message: what to pass on in its place, and when.

A treatment is shown the parts of one message, as they come, and answers actions for the direction the message travels in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol

from chaoscli.faults.base import Action, Answer, Cut, Send
from chaoscli.proxy.framing import RAW_FROM_HERE


class Treatment(Protocol):
    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]: ...

    def body(self, raw: bytes, now: float) -> Iterable[Action]: ...

    def end(self, now: float) -> Iterable[Action]: ...


class Untouched:
    """Every byte as it came."""

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        return (Send(now, raw),)

    def body(self, raw: bytes, now: float) -> Iterable[Action]:
        return (Send(now, raw),)

    def end(self, now: float) -> Iterable[Action]:
        return ()


class Swallowed:
    """Nothing of it."""

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        return ()

    def body(self, raw: bytes, now: float) -> Iterable[Action]:
        return ()

    def end(self, now: float) -> Iterable[Action]:
        return ()


class Delayed:
    """All of it, ``by_s`` seconds later."""

    def __init__(self, by_s: float) -> None:
        self._by_s = by_s

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        return (Send(now + self._by_s, raw),)

    def body(self, raw: bytes, now: float) -> Iterable[Action]:
        return (Send(now + self._by_s, raw),)

    def end(self, now: float) -> Iterable[Action]:
        return ()


class Repeated(Untouched):
    """All of it, and all of it again once it is whole. The first copy does not ask for the connection to close."""

    # What is sent twice must be kept once; nobody studies duplicates with larger requests than this.
    COPY_BYTES_MAX = 1 << 20

    def __init__(self) -> None:
        self._copy: bytes | None = b""

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        self._keep(raw)
        return (Send(now, without(raw, b"connection", b"close")),)

    def body(self, raw: bytes, now: float) -> Iterable[Action]:
        self._keep(raw)
        return (Send(now, raw),)

    def end(self, now: float) -> Iterable[Action]:
        return (Send(now, self._copy),) if self._copy else ()

    @property
    def repeats(self) -> bool:
        """False once the message proved too large to keep."""
        return self._copy is not None

    def _keep(self, raw: bytes) -> None:
        if self._copy is not None:
            self._copy = self._copy + raw if len(self._copy) + len(raw) <= self.COPY_BYTES_MAX else None


class Resetting(Swallowed):
    """A reset in its place."""

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        return (Cut(now, reset=True),)


class Truncated(Swallowed):
    """The head, ``after_bytes`` of the body as it travels, and the end of the connection."""

    def __init__(self, after_bytes: int, reset: bool) -> None:
        self._left = after_bytes
        self._reset = reset
        self._cut = False

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        return (Send(now, raw), *self._cut_when_due(now))

    def body(self, raw: bytes, now: float) -> Iterable[Action]:
        if self._cut:
            return ()
        rest, self._left = raw[: self._left], self._left - len(raw)
        return (Send(now, rest), *self._cut_when_due(now))

    def end(self, now: float) -> Iterable[Action]:
        self._left = 0
        return self._cut_when_due(now)

    def _cut_when_due(self, now: float) -> Iterable[Action]:
        if self._left > 0 or self._cut:
            return ()
        self._cut = True
        return (Cut(now, self._reset),)


class Dripping(Untouched):
    """The head at once, the body ``piece_bytes`` at a time with ``every_s`` seconds before each piece."""

    def __init__(self, piece_bytes: int, every_s: float) -> None:
        self._piece_bytes = max(1, piece_bytes)
        self._every_s = every_s
        self._room = 0  # what the last piece still lacks
        self._at = 0.0

    def body(self, raw: bytes, now: float) -> Iterable[Action]:
        at = 0
        while at < len(raw):
            if not self._room:
                self._at = max(self._at, now) + self._every_s
                self._room = self._piece_bytes
            piece = raw[at : at + self._room]
            self._room -= len(piece)
            at += len(piece)
            yield Send(max(self._at, now), piece)


class ChunkBroken(Untouched):
    """Said to be chunked, with letters where the size of the first chunk should be. A reply without a body passes."""

    def __init__(self) -> None:
        self._broken = False

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        self._broken = extent in (0, RAW_FROM_HERE)
        if self._broken:
            return (Send(now, raw),)
        raw = without(without(raw, b"content-length"), b"transfer-encoding")
        return (Send(now, _with_field(raw, b"Transfer-Encoding: chunked")),)

    def body(self, raw: bytes, now: float) -> Iterable[Action]:
        if not self._broken:
            self._broken = True
            raw = b"xyz\r\n" + raw
        return (Send(now, raw),)


class Mislengthed(Untouched):
    """Its Content-Length is ``by_bytes`` off."""

    def __init__(self, by_bytes: int) -> None:
        self._by_bytes = by_bytes

    def head(self, raw: bytes, extent: int, now: float) -> Iterable[Action]:
        if extent <= 0:
            return (Send(now, raw),)
        length = b"%d" % max(0, extent + self._by_bytes)
        return (Send(now, _with_field(without(raw, b"content-length"), b"Content-Length: " + length)),)


UNTOUCHED = Untouched()
SWALLOWED = Swallowed()


def answer_bytes(answer: Answer, method: str, closes: bool) -> bytes:
    """A whole reply, its length stated and true."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Injected"
    bodiless = answer.status < 200 or answer.status in (204, 304)
    given = {name.lower() for name, _ in answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in answer.headers)]
    if "content-length" not in given and not bodiless:
        lines.append(f"content-length: {len(answer.body)}")
    if closes and "connection" not in given:
        lines.append("connection: close")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    return head if bodiless or method == "HEAD" else head + answer.body


def without(head: bytes, name: bytes, value: bytes = b"[^\r\n]*") -> bytes:
    """The head less its fields of this name (with this value)."""
    return re.sub(rb"(?i)(?<=\n)" + name + rb"[ \t]*:[ \t]*" + value + rb"[ \t]*\r?\n", b"", head)


def _with_field(head: bytes, line: bytes) -> bytes:
    first, newline, rest = head.partition(b"\n")
    return first + newline + line + b"\r\n" + rest
