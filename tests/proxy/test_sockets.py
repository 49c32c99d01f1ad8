from __future__ import annotations

import contextlib
import socket

import pytest

from chaoscli.proxy import sockets
from chaoscli.proxy.sockets import Socket, accepted, bound, connecting


def _both_ends() -> tuple[socket.socket, Socket, Socket]:
    listener = bound(("127.0.0.1", 0))
    listener.listen(1)
    ours = connecting(listener.getsockname())
    listener.settimeout(20.0)  # the handshake is the kernel's own; this waits for it, and nothing else
    return listener, ours, accepted(listener, socket.AF_INET)


def test_both_ends_send_at_once_and_never_block() -> None:
    listener, ours, theirs = _both_ends()
    for end in (ours, theirs):
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with pytest.raises(BlockingIOError):
            end.recv(1)
    for one in (listener, ours, theirs):
        one.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_CONGESTION"), reason="no choice of congestion control here")
def test_within_one_host_neither_end_is_paced() -> None:
    listener, ours, theirs = _both_ends()
    for end in (ours, theirs):
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0") == b"reno"
        end.close()
    listener.close()


def test_a_system_without_that_choice_serves_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for choice in (None, 999_999):
        monkeypatch.setattr(sockets, "_CONGESTION", choice)
        for end in _both_ends():
            end.close()


def test_nobody_to_connect_to_is_an_os_error_at_once_or_later() -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        address = gone.getsockname()
    try:
        sock = connecting(address)
    except ConnectionRefusedError:
        return
    sock.setblocking(True)
    with contextlib.closing(sock), pytest.raises(ConnectionRefusedError):
        sock.recv(1)
