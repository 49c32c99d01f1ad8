"""A listener whose queue is full, so that connecting to it hangs: no root, no packet filter, the kernel's own doing.

Linux drops the first packet of a connection that finds the accept queue full, and the caller's kernel knocks again: 1, 2, 3,
4, 5, 7, 11, 19, 35 and 67 s after the first time (net.ipv4.tcp_syn_linear_timeouts and tcp_syn_retries; before Linux 6.5 after
1, 3, 7, 15, 31 and 63 s). It gets through with its first knock after the heal, as it would with a callee that was stuck.
"""

from __future__ import annotations

import socket
import struct
import sys

from chaoscli.proxy.sockets import Address, Socket, accepted, connecting, family

# A queue of length 0 holds one connection all the same; who gets in before ours fills it just as well.
_SHORTEST_QUEUE = 0
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_RESET_ON_CLOSE = (int(socket.SOL_SOCKET), int(socket.SO_LINGER), struct.pack("ii", 1, 0))


class CannotFillError(Exception):
    """Connects cannot be made to hang here; the text says why."""


class FullQueue:
    """``listener`` takes in nobody until ``open``. Whoever is in its queue should have been accepted before."""

    def __init__(self, listener: socket.socket, address: Address) -> None:
        """CannotFillError where the kernel would not keep callers waiting."""
        if sys.platform != "linux":
            raise CannotFillError("only Linux keeps a caller waiting for a full queue")
        self._listener = listener
        listener.listen(_SHORTEST_QUEUE)
        try:
            self._filler: Socket = connecting((_WILDCARDS.get(address[0], address[0]), address[1]))
        except OSError as error:
            raise CannotFillError(error.strerror or str(error)) from error
        self._filler_address = self._filler.getsockname()

    def open(self, queue: int) -> list[Socket]:
        """Let the queue grow to ``queue`` again, and answer who got into it before it was full, less our own."""
        self._filler.close()
        callers = []
        try:
            while True:
                sock = accepted(self._listener, family(self._filler_address[:2]))
                if self._is_filler(sock):
                    sock.setsockopt(*_RESET_ON_CLOSE)  # both ends are ours, and neither has to linger
                    sock.close()
                else:
                    callers.append(sock)
        except OSError:  # none is left, or there is no descriptor for it: then it is accepted later
            pass
        self._listener.listen(queue)
        return callers

    def close(self) -> None:
        """Before the listener closes, and what is in its queue with it."""
        self._filler.close()

    def _is_filler(self, sock: Socket) -> bool:
        try:
            return bool(sock.getpeername() == self._filler_address)
        except OSError:  # a caller that is gone again
            return False
