"""Loopback TCP: listening for a node and dialling its neighbours; a taken port is an error a person can read."""

from __future__ import annotations

import errno
import socket

import trio

from chaoscli.errors import NotMadeError

HOST = "127.0.0.1"
# How many finished handshakes may wait to be accepted. A busy accept loop needs milliseconds; past this the kernel
# drops SYNs, and a caller sees seconds of delay that nobody asked for.
MOST_WAITING_TO_BE_ACCEPTED = 1024


async def listen(port: int = 0, host: str = HOST) -> trio.SocketListener:
    """A listener on ``host``; port 0 takes any free one. NotMadeError names a port that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = trio.socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        await sock.bind((host, port))
        sock.listen(MOST_WAITING_TO_BE_ACCEPTED)
    except OSError as error:
        sock.close()
        raise NotMadeError(f"cannot listen on {host}:{port}: {_reason(error)}", hint=_way_out(error, port)) from error
    return trio.SocketListener(sock)


async def dial(host: str, port: int) -> trio.SocketStream:
    """A connection to ``host``, an address and not a name; OSError when nobody takes it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = trio.socket.socket(family, socket.SOCK_STREAM)
    try:
        await sock.connect((host, port))
    except BaseException:
        sock.close()
        raise
    return trio.SocketStream(sock)


def address_of(listener: trio.SocketListener) -> tuple[str, int]:
    """The host and port a listener really has."""
    host, port = listener.socket.getsockname()[:2]
    return host, port


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is taken"
    return (error.strerror or str(error)).lower()


def _way_out(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"stop the program that has port {port} (`ss -ltnp 'sport = :{port}'` names it), or choose another port"
    if error.errno == errno.EACCES:
        return "ports below 1024 belong to root; choose a higher one"
    return ""
