"""Making sockets cheaply: the plain ones below `socket.socket`, whose wrapping costs as much as the system calls do."""

from __future__ import annotations

import errno
import os
import socket

Address = tuple[str, int]
Socket = socket.SocketType

_STREAM = int(socket.SOCK_STREAM)
# Where a socket can be made so, it needs no system call of its own.
_NONBLOCKING = int(getattr(socket, "SOCK_NONBLOCK", 0))
_TCP = int(socket.IPPROTO_TCP)
_NODELAY = (_TCP, int(socket.TCP_NODELAY), 1)
_CONGESTION: int | None = getattr(socket, "TCP_CONGESTION", None)
_IPV4, _IPV6 = int(socket.AF_INET), int(socket.AF_INET6)


def family(address: Address) -> int:
    return _IPV6 if ":" in address[0] else _IPV4


def is_loopback(address: Address) -> bool:
    return address[0].startswith("127.") or address[0] == "::1"


def leave_unpaced(sock: socket.SocketType) -> None:
    """Within one host there is no congestion to control, and the pacing of BBR, some systems' default, halves what passes."""
    if _CONGESTION is None:
        return
    try:
        sock.setsockopt(_TCP, _CONGESTION, b"reno")
    except OSError:
        return  # a system that does not know or allow it keeps its own way


def bound(address: Address) -> socket.socket:
    """A socket at ``address`` that does not listen yet. OSError if it is taken."""
    sock = socket.socket(family(address), _STREAM)
    try:
        sock.setblocking(False)
        # Its port must come back at once after a refusal or a restart, whatever connections of it still linger.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(*_NODELAY)  # accepted sockets inherit it
        if is_loopback(address):
            leave_unpaced(sock)  # and this
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def share(sock: socket.socket, shared: bool) -> None:
    """Whether somebody else may bind the same port while nobody listens there: two who both allow it may, on Linux."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(shared))


def accepted(listener: socket.socket, listener_family: int) -> Socket:
    """The next caller. BlockingIOError when there is none."""
    fd, _address = listener._accept()  # type: ignore[attr-defined]  # what accept() itself calls
    sock = Socket(listener_family, _STREAM, 0, fd)
    sock.setblocking(False)
    return sock


def connecting(address: Address) -> Socket:
    """On its way to ``address``. OSError when it is clear at once that nobody can be reached."""
    sock = Socket(family(address), _STREAM | _NONBLOCKING)
    try:
        if not _NONBLOCKING:
            sock.setblocking(False)
        sock.setsockopt(*_NODELAY)
        if is_loopback(address):
            leave_unpaced(sock)
        # Not connect(): what it would raise on its way, which is the rule, costs as much to make as a system call.
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
    except OSError:
        sock.close()
        raise
    return sock
