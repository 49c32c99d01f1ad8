"""One socket of a proxied connection: reads it, writes what the other end reads, and pushes back when its peer is slow."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from chaoscli.proxy.engine import Engine
from chaoscli.proxy.pipes import Pipe
from chaoscli.proxy.poller import READABLE, WRITABLE
from chaoscli.proxy.side import Course, Pair
from chaoscli.proxy.sockets import Socket

# One read of a busy socket. Twice as much gains little and falls out of the cache.
BUFFER_BYTES = 65536
_BUFFER = bytearray(BUFFER_BYTES)  # one for all: an engine runs in one thread, and what is read is passed on or copied at once
_VIEW = memoryview(_BUFFER)
# Its first bytes, so many as most messages have: to cut a view anew takes as long as all else that is done for one here.
_FIRST = tuple(_VIEW[:size] for size in range(1025))
_MOST_FIRST = len(_FIRST) - 1

# So many reads in a row that filled the buffer are a bulk transfer; so many that would not have are the end of it.
BULK_BEGINS_AFTER = 4
BULK_ENDS_AFTER = 16
# What a caller may say before it is put through. It is read at once, because only reading shows that a caller has left.
MOST_WAITING_FOR_DIAL_BYTES = 1 << 20
# A megabyte: a window full at most, so that a polite close stays cheap.
MOST_LAST_READS = 16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Owner(Pair, Protocol):
    """Whom an end tells of what concerns both ends."""

    def broke(self, end: End, code: int) -> None:
        """The socket of ``end`` failed, for the system's reason ``code``."""


class End:
    """``other`` is the far end; ``course`` is None while the link is clean, and bytes go straight across."""

    __slots__ = (
        "_finish_due",
        "_full_reads",
        "_full_until",
        "_mask",
        "_pipe",
        "_receive_into",
        "_send",
        "_watched",
        "bytes_read",
        "closed",
        "course",
        "engine",
        "fd",
        "other",
        "owner",
        "read_ended",
        "sock",
        "waiting",
        "write_ended",
    )

    other: End
    sock: Socket | None

    def __init__(self, engine: Engine, owner: Owner) -> None:
        self.engine = engine
        self.owner = owner
        self.course: Course | None = None
        self.waiting: bytearray | None = None  # accepted for this socket, not yet taken by the kernel
        self.bytes_read = 0
        self.read_ended = False
        self.write_ended = False
        self.closed = False
        self.sock = None
        self.fd = -1
        self._finish_due = False
        self._send: Callable[[bytes | bytearray | memoryview], int] = _not_yet
        self._mask = READABLE
        self._watched = False
        self._full_until = 0  # where in the stream the last read ended that filled the buffer
        self._full_reads = 0  # of those in a row; negative during a bulk transfer: how many small ones end it
        self._pipe: Pipe | None = None  # what the other end reads in bulk comes through here

    def open(self, sock: Socket) -> None:
        """The socket of this end, connected or about to be; what was written before waits for it."""
        self.sock = sock
        self.fd = sock.fileno()
        self._receive_into = sock.recv_into
        self._send = sock.send
        self._watched = True
        self.engine.watch(self.fd, self._mask, self.ready)

    # -- reading ---------------------------------------------------------------------------------------------------------

    def ready(self, events: int) -> None:
        """A message on a clean way is carried across within this one frame; each call more would cost a hundredth of it."""
        other = self.other
        if events != READABLE or other._pipe is not None or not self._mask & READABLE:
            self._ready_otherwise(events)
            return
        try:
            size = self._receive_into(_BUFFER)
        except OSError as error:
            self._could_not_read(error)
            return
        if not 0 < size < BUFFER_BYTES or self.course is not None or other.waiting is not None:
            self._got(size)
            return
        self.bytes_read += size
        sent = 0
        try:
            sent = other._send(_FIRST[size] if size <= _MOST_FIRST else _VIEW[:size])
        except BlockingIOError:
            pass
        except OSError as error:
            self.owner.broke(other, error.errno or 0)
            return
        if sent < size:
            other.wait_to_write(_VIEW[sent:size])
            if other.full:
                self.pause()

    def _ready_otherwise(self, events: int) -> None:
        if events & WRITABLE:
            self._flush()
        if events & ~WRITABLE and not self.closed:
            if self._mask & READABLE:
                self._read()
            else:
                self._look_after_a_hangup()

    def _read(self) -> None:
        other = self.other
        try:
            if other._pipe is not None and self.course is None and other.waiting is None:
                self._read_bulk(other, other._pipe)
                return
            size = self._receive_into(_BUFFER)
        except OSError as error:
            self._could_not_read(error)
        else:
            self._got(size)

    def _could_not_read(self, error: OSError) -> None:
        if not isinstance(error, BlockingIOError):
            self.owner.broke(self, error.errno or 0)

    def _got(self, size: int) -> None:
        """So much was read into the buffer; nothing is the end of the stream."""
        if not size:
            self._end_reading()
            return
        self.bytes_read += size
        if self.course is not None:
            self.course.received(bytes(_FIRST[size] if size <= _MOST_FIRST else _VIEW[:size]))
        elif not self.other.write(_VIEW[:size]):
            self.pause()
        elif size == BUFFER_BYTES:
            self._expect_bulk(self.other)

    def _expect_bulk(self, other: End) -> None:
        in_a_row = self.bytes_read - BUFFER_BYTES == self._full_until
        self._full_reads = self._full_reads + 1 if in_a_row else 1
        self._full_until = self.bytes_read
        takes = other.sock is not None and not other.closed and not other.write_ended
        if self._full_reads >= BULK_BEGINS_AFTER and takes and other._pipe is None:
            other._pipe = self.engine.pipes.borrow()
            self._full_reads = -BULK_ENDS_AFTER

    def _read_bulk(self, other: End, pipe: Pipe) -> None:
        """Through the kernel's pipe, unseen. Raises what recv would."""
        size = pipe.take(self.fd)
        if not size:
            self._end_reading()
            return
        self.bytes_read += size
        if not other.write_piped(pipe):
            self.pause()
        elif size >= BUFFER_BYTES:
            self._full_reads = -BULK_ENDS_AFTER
        else:
            self._full_reads += 1
            if self._full_reads >= 0:
                other.give_pipe_back()

    def read_out(self) -> None:
        """This socket failed, and what came before that is still to be read: an early answer to an upload that broke off."""
        for _ in range(MOST_LAST_READS):
            if self.sock is None or self.closed or self.read_ended:
                return
            try:
                size = self._receive_into(_BUFFER)
            except OSError:
                return
            if not size:
                return  # as from one that never connected; it is about to end otherwise
            self._got(size)

    def _end_reading(self) -> None:
        self.read_ended = True
        if self.other.sock is None:
            # It went before it was put through to anyone. What it said is lost, and it must not take a polite end for an answer.
            self.owner.close(reset=self.bytes_read > 0)
        elif self.course is not None:
            self.course.ended()
        else:
            self.other.finish()
        if self.other.read_ended:
            self.owner.settle()
        if not self.closed:
            self.pause()

    def _look_after_a_hangup(self) -> None:
        """The kernel says error or hang-up while nothing is wanted here: an error is one, a hang-up can wait unwatched."""
        assert self.sock is not None
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.owner.broke(self, code)
        elif not self._mask:
            self._watched = False
            self.engine.forget(self.fd)

    def pause(self) -> None:
        """Stop reading; the kernel's window then holds the sender back."""
        self._want(self._mask & ~READABLE)

    def resume(self) -> None:
        """Read on, if there can be more and there is room for it."""
        if self.closed or self.read_ended or self.other.full:
            return
        if self.course is None or self.course.has_room:
            self._want(self._mask | READABLE)

    # -- writing ---------------------------------------------------------------------------------------------------------

    def write(self, data: bytes | memoryview) -> bool:
        """Pass ``data`` to this socket. False when some of it has to wait: stop reading then, ``resume`` will be called."""
        if self.waiting is not None:
            self.waiting += data
            return not self.full
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.owner.broke(self, error.errno or 0)
            return True
        if sent == len(data):
            return True
        self.wait_to_write(data[sent:])
        return not self.full

    def write_piped(self, pipe: Pipe) -> bool:
        """The same for what is in the pipe."""
        if self.closed or self.write_ended:
            self.give_pipe_back()  # nobody would empty it
            return True
        try:
            if pipe.give(self.fd):
                return True
        except BlockingIOError:
            pass
        except OSError as error:
            self.owner.broke(self, error.errno or 0)
            return True
        self.wait_to_write(b"")
        return False

    def give_pipe_back(self) -> None:
        if self._pipe is not None:
            self.engine.pipes.give_back(self._pipe)
            self._pipe = None

    @property
    def full(self) -> bool:
        """Something waits to be written that should hold the other end's sender back."""
        if self.waiting is None:
            return False
        return self.sock is not None or len(self.waiting) >= MOST_WAITING_FOR_DIAL_BYTES

    def finish(self) -> None:
        """Nothing more will be written here: pass the end of the stream on, after what is waiting."""
        if self.closed or self.write_ended or self._finish_due:
            return
        if self.waiting is None and not self._connected():
            self.wait_to_write(b"")  # shutting a socket down while it connects would call the connection off
        if self.waiting is not None:
            self._finish_due = True
            return
        self.write_ended = True
        self._send = _nobody_takes
        if self.other.write_ended:
            self.owner.close()
            return
        assert self.sock is not None
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.owner.broke(self, error.errno or 0)

    def _connected(self) -> bool:
        if self.sock is None or self.bytes_read:
            return self.sock is not None
        try:
            self.sock.getpeername()
        except OSError:
            return False
        return True

    def wait_to_write(self, data: bytes | memoryview) -> None:
        self.waiting = bytearray(data)
        self._want(self._mask | WRITABLE)

    def _flush(self) -> None:
        if self.waiting is None:
            return
        try:
            if self._pipe is not None and self._pipe.held and not self._pipe.give(self.fd):
                return
            sent = self._send(self.waiting) if self.waiting else 0
        except BlockingIOError:
            return
        except OSError as error:
            self.owner.broke(self, error.errno or 0)
            return
        if sent < len(self.waiting):
            del self.waiting[:sent]
            return
        self.waiting = None
        self._want(self._mask & ~WRITABLE)
        if self._finish_due:
            self._finish_due = False
            self.finish()
        if self.other.read_ended:
            self.owner.settle()
        else:
            self.other.resume()

    # -- the end of it ---------------------------------------------------------------------------------------------------

    def close(self, *, reset: bool = False) -> None:
        """Let the socket go, by a reset or politely."""
        if self.closed:
            return
        self.closed = True
        self._send = _nobody_takes
        self.waiting = None
        self.give_pipe_back()
        if self.sock is None:
            return
        if reset:
            self._set_reset_on_close(self.sock)
        elif not self.read_ended:
            self._read_what_is_left()
        if self._watched:
            self.engine.close_watched(self.sock, self.fd)
        else:
            self.engine.close_socket(self.sock)

    def _set_reset_on_close(self, sock: Socket) -> None:
        with contextlib.suppress(OSError):  # it may be reset already, which is what was wanted
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def _read_what_is_left(self) -> None:
        """Closing a socket with bytes unread would reach the peer as a reset. One that never stops sending gets it."""
        for _ in range(MOST_LAST_READS):
            try:
                if not self._receive_into(_BUFFER):
                    return
            except OSError:
                return

    def _want(self, mask: int) -> None:
        if self.fd >= 0 and not self.closed:
            if not self._watched:
                if mask:
                    self._watched = True
                    self.engine.watch(self.fd, mask, self.ready)
            elif mask != self._mask:
                self.engine.change(self.fd, mask)
        self._mask = mask


# The send of an end that is closed, or has said its last: whatever comes is as good as sent.
_nobody_takes = len


def _not_yet(data: bytes | bytearray | memoryview) -> int:
    """The send of an end that has no socket yet."""
    raise BlockingIOError
