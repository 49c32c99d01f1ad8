"""What every kind of service is: a handler, background work if it has any, and what a request costs."""

from __future__ import annotations

from typing import ClassVar, Protocol

from chaoscli.messages import Request, Response
from chaoscli.services.work import Workers


class Service(Protocol):
    """The door and the workers are other files; a service says what is done once a worker has the request."""

    # What may stand behind the `?` of a target, once each; the door refuses everything else. None: whatever somebody writes.
    parameters: ClassVar[tuple[str, ...] | None] = None

    def cost(self, request: Request) -> float:
        """How many pieces of work the request is; 0 for one that only waits: it takes no worker and is not told as an arrival."""
        return 1.0

    async def handle(self, request: Request) -> Response:
        """The answer. An exception becomes a 500."""

    async def run(self, workers: Workers) -> None:
        """Work in the background as long as the node runs; the default has none."""
