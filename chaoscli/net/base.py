"""How a message gets from a caller to a callee; one implementation for each world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from chaoscli.messages import Request, Response

Handler = Callable[[Request], Awaitable[Response]]
# Who is told of a handler's bug, and of a caller that closed the connection before it had its answer.
Failed = Callable[[Request, Exception], None]
HungUp = Callable[[Request], None]


class Transport(Protocol):
    """A caller's way out. Waiting is bounded by whoever calls (cancel the call); nothing here gives up by itself."""

    async def exchange(self, callee: str, request: Request) -> Response:
        """Carry ``request`` to ``callee`` and bring its answer; CallError (refused, reset) when none can come."""
