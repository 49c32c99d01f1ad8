"""A small language for tests of the proxy: callers, a callee that does what the test says, and a board between them."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from chaoscli.events import Event, FaultMeasured, FaultTouched
from chaoscli.faults.base import ByteFault, Direction, MessageFault
from chaoscli.proxy.board import Board

LINK = "order -> inventory"
REQUEST, REPLY = Direction.REQUEST, Direction.REPLY
BOTH = (REQUEST, REPLY)

# No test should take this long; on a stuck machine it fails rather than hangs.
PATIENCE_S = 20.0


@dataclass
class Stage:
    callee: trio.SocketListener

    def __post_init__(self) -> None:
        self.events: list[Event] = []
        self.board = Board(seed=7, tell=self.events.append)
        self._streams: list[trio.SocketStream] = []

    @property
    def callee_address(self) -> tuple[str, int]:
        host, port = self.callee.socket.getsockname()[:2]
        return host, port

    def link(self, name: str = LINK, *, http: bool = False) -> tuple[str, int]:
        return self.board.add_link(name, upstream=self.callee_address, http=http)

    async def connected(self, *, http: bool = False) -> tuple[trio.SocketStream, trio.SocketStream]:
        """A caller and the callee's end of its connection, through a new link."""
        caller = await self.call(self.link(http=http))
        return caller, await self.accept()

    async def call(self, address: tuple[str, int]) -> trio.SocketStream:
        with trio.fail_after(PATIENCE_S):
            return self._keep(await trio.open_tcp_stream(*address))

    async def call_is_reset(self, address: tuple[str, int]) -> bool:
        """Whether a new connection is accepted and reset; the reset may come before the caller looks."""
        sock = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        stream = self._keep(trio.SocketStream(sock)) if await _connected(sock, address) else None
        return stream is None or await is_reset(stream)

    async def accept(self) -> trio.SocketStream:
        with trio.fail_after(PATIENCE_S):
            return self._keep(await self.callee.accept())

    def _keep(self, stream: trio.SocketStream) -> trio.SocketStream:
        self._streams.append(stream)
        return stream

    def close(self) -> None:
        """Everything the test opened, unless the test did."""
        for stream in self._streams:
            stream.socket.close()
        self.callee.socket.close()

    def inject(self, name: str, fault: ByteFault | MessageFault, *directions: Direction, share: float = 1.0) -> None:
        self.board.inject(name, [(LINK, direction) for direction in directions], fault, share)

    @property
    def measured(self) -> list[FaultMeasured]:
        return [event for event in self.events if isinstance(event, FaultMeasured)]

    @property
    def touched(self) -> list[FaultTouched]:
        return [event for event in self.events if isinstance(event, FaultTouched)]

    async def until_counted(
        self, *, connections: int | None = None, open_: int | None = None, request: int | None = None
    ) -> None:
        """Wait until the link has seen as much."""
        with trio.fail_after(PATIENCE_S):
            while True:
                counts = self.board.counts()[LINK]
                wishes = ((connections, counts.connections), (open_, counts.open), (request, counts.bytes_request))
                if all(want in (have, None) for want, have in wishes):
                    return
                await trio.sleep(0.001)


async def _connected(sock: trio.socket.SocketType, address: tuple[str, int]) -> bool:
    try:
        await sock.connect(address)
    except ConnectionResetError:
        sock.close()
        return False
    except OSError:
        sock.close()
        raise
    return True


async def read(stream: trio.SocketStream, size: int) -> bytes:
    """Exactly ``size`` bytes, or fewer if the stream ends before."""
    data = b""
    with trio.fail_after(PATIENCE_S):
        while len(data) < size:
            more = await stream.receive_some(size - len(data))
            if not more:
                break
            data += more
    return data


async def read_to_end(stream: trio.SocketStream) -> bytes:
    with trio.fail_after(PATIENCE_S):
        return b"".join([data async for data in stream])


async def is_reset(stream: trio.SocketStream) -> bool:
    """Whether the stream ends by a reset rather than politely."""
    try:
        await read_to_end(stream)
    except trio.BrokenResourceError as error:
        return isinstance(error.__cause__, ConnectionResetError)
    return False


def reset(stream: trio.SocketStream) -> None:
    """Close by a reset."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    stream.socket.close()


async def hears_nothing(stream: trio.SocketStream, for_s: float = 0.05) -> bool:
    """Nothing arrives for a while. Only ever asserted true: a slow machine cannot make bytes arrive sooner."""
    with trio.move_on_after(for_s):
        await stream.receive_some(1)
        return False
    return True


async def send_all(stream: trio.SocketStream, pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        await stream.send_all(piece)
