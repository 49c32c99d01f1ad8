"""Sockets for datagrams, and what the kernel lost of them."""

from __future__ import annotations

import socket
import struct
import sys

from chaoscli.proxy.sockets import Address, Socket, family

# The largest payload is 65,507 bytes over IPv4 and 65,527 over IPv6 (the length field of RFC 768, less the headers).
LARGEST_BYTES = 65_535
# Bursts wait here while the engine does something else; the kernel cuts it to its own limit (net.core.rmem_max).
BUFFER_BYTES = 4 << 20
# Linux's SO_MEMINFO, nine counters of a socket of which the last is what was dropped; Python has no name for it.
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("9I")

_DATAGRAM = int(socket.SOCK_DGRAM)


def bound_datagrams(address: Address) -> Socket:
    """A socket that hears what is sent to ``address``. OSError if it is taken."""
    sock = Socket(family(address), _DATAGRAM)
    try:
        _prepare(sock)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def joined_datagrams(address: Address) -> Socket:
    """A socket that speaks with ``address`` alone, and hears when nobody is there. OSError if there is no way to it."""
    sock = Socket(family(address), _DATAGRAM)
    try:
        _prepare(sock)
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def overflowed(sock: Socket) -> int:
    """How many datagrams came for this socket and found its buffer full; always 0 where the kernel does not say."""
    if sys.platform != "linux":
        return 0
    try:
        dropped: int = _MEMINFO.unpack(sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1]
    except (OSError, struct.error):  # an older kernel
        return 0
    return dropped


def _prepare(sock: Socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
