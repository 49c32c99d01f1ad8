"""Making sockets cheaply: the plain ones below `socket.socket`, whose wrapping costs as much as the system calls do."""

from __future__ import annotations

import socket

Address = tuple[str, int]
Socket = socket.SocketType

_STREAM = int(socket.SOCK_STREAM)
_NODELAY = (int(socket.IPPROTO_TCP), int(socket.TCP_NODELAY), 1)
_IPV4, _IPV6 = int(socket.AF_INET), int(socket.AF_INET6)


def family(address: Address) -> int:
    return _IPV6 if ":" in address[0] else _IPV4


def bound(address: Address) -> socket.socket:
    """A socket at ``address`` that does not listen yet. OSError if it is taken."""
    sock = socket.socket(family(address), _STREAM)
    try:
        sock.setblocking(False)
        # Its port must come back at once after a refusal or a restart, whatever connections of it still linger.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(*_NODELAY)  # accepted sockets inherit it
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def accepted(listener: socket.socket, listener_family: int) -> Socket:
    """The next caller. BlockingIOError when there is none."""
    fd, _address = listener._accept()  # type: ignore[attr-defined]  # what accept() itself calls
    sock = Socket(listener_family, _STREAM, 0, fd)
    sock.setblocking(False)
    return sock


def connecting(address: Address) -> Socket:
    """On its way to ``address``. OSError when it is clear at once that nobody can be reached."""
    sock = Socket(family(address), _STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(*_NODELAY)
        sock.connect(address)
    except BlockingIOError:
        return sock
    except OSError:
        sock.close()
        raise
    return sock
