from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from tests.proxy.stage import Stage


@asynccontextmanager
async def a_stage(nursery: trio.Nursery) -> AsyncIterator[Stage]:
    """A running board and a listening callee, on sockets of this machine."""
    callee = socket.create_server(("127.0.0.1", 0))
    one = Stage(trio.SocketListener(trio.socket.from_stdlib_socket(callee)))
    await nursery.start(one.board.run)
    yield one
    one.close()
    nursery.cancel_scope.cancel()


@pytest.fixture
async def stage(nursery: trio.Nursery) -> AsyncIterator[Stage]:
    async with a_stage(nursery) as one:
        yield one
