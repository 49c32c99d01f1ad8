"""The API's door: from a request of HTTP to a task for the collection, and back with the headers that clients look for.

What a client can see otherwise than with Toxiproxy 2.12, each on purpose: a listen address that is left out is on the
loopback, and 0.0.0.0 is IPv4 alone; negative numbers and slices of 0 bytes, which crash the original, are answered by a 400;
toxics written inside a proxy are honoured; one direction of a connection may end while the other goes on; a latency delays
the end of a stream as it does its bytes; an upstream's reset arrives as one; an empty list populates ``[]`` and not ``null``;
a request whose Host is somebody else's name is refused.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable

import trio

from chaoscli.control.addresses import AddressError, look_up
from chaoscli.control.collection import Collection
from chaoscli.control.routes import Task, What, route
from chaoscli.control.tasks import do
from chaoscli.events import Event, Noted
from chaoscli.messages import Request, Response
from chaoscli.net.http_server import HttpLimits, HttpServer

# The original's own times, which its clients are written against; and bounds it lacks. The largest configurations seen
# in the wild are tens of kilobytes, and a test suite opens a handful of connections.
LIMITS = HttpLimits(body_bytes=4 << 20, idle_s=60.0, read_s=15.0, write_s=30.0, connections=256)
# As the original: a client that waited this long for a name to resolve hears that it took too long.
ANSWERING_S = 25.0
# A name that moves (a container that was replaced) is followed this soon; a resolver's cache answers most of it.
LOOKED_UP_EVERY_S = 5.0
# Threads that wait for a resolver at the same time.
MOST_LOOK_UPS = 8
_LOOK_UPS = trio.CapacityLimiter(MOST_LOOK_UPS)
_TOO_LONG = b"<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>"
_METRICS_TYPE = (("content-type", "text/plain; version=0.0.4; charset=utf-8"),)


class Api:
    """Answers requests about one collection. ``metrics`` writes the page for Prometheus; ``own_name`` is a host name of ours."""

    def __init__(self, collection: Collection, *, metrics: Callable[[], str], own_name: str = "") -> None:
        self._collection = collection
        self._metrics = metrics
        self._own_name = own_name

    async def answer(self, request: Request) -> Response:
        found = route(request, own_name=self._own_name)
        if isinstance(found, Response) and found.status != 403:
            return found
        response = found if isinstance(found, Response) else await self._do(found)
        request_id = ("x-toxiproxy-request-id", secrets.token_hex(10))  # as long as the original's
        return dataclasses.replace(response, headers=(*response.headers, request_id))

    async def _do(self, task: Task) -> Response:
        if task.what is What.METRICS:
            return Response(status=200, headers=_METRICS_TYPE, body=self._metrics().encode())
        with trio.move_on_after(ANSWERING_S):
            return await do(task, self._collection)
        return Response(status=503, headers=(("content-type", "text/html; charset=utf-8"),), body=_TOO_LONG)


async def serve_api(api: Api, listeners: list[trio.SocketListener], tell: Callable[[Event], None]) -> None:
    """Answer on ``listeners`` until cancelled. ``tell`` hears of a request that met a mistake of ours."""

    def failed(request: Request, error: Exception) -> None:
        text = f"{request.method} {request.path} met a bug of chaoscli: {error!r}"
        tell(Noted(at=time.monotonic(), source="API", text=text, level="warning"))

    await HttpServer(api.answer, limits=LIMITS, failed=failed).serve(listeners)


async def end_toxics_in_time(collection: Collection) -> None:
    """Let toxics with a duration heal when it is over, until cancelled."""
    changed = trio.Event()

    def look_again() -> None:
        changed.set()

    collection.deadline_changed = look_again
    while True:
        collection.end_due()
        changed = trio.Event()
        with trio.move_on_after(max(0.0, collection.next_end() - collection.now())):
            await changed.wait()


async def keep_names_resolved(collection: Collection) -> None:
    """Look up the host names of upstreams, when one comes and again from time to time, until cancelled.

    The original looks a name up for each connection; here no connection ever waits for a resolver after the first answer.
    """
    wanted = trio.Event()

    def look_again() -> None:
        wanted.set()

    collection.name_wanted = look_again
    while True:
        wanted = trio.Event()
        async with trio.open_nursery() as nursery:
            for name in collection.names():
                nursery.start_soon(_look_up, collection, name)
        with trio.move_on_after(LOOKED_UP_EVERY_S):
            await wanted.wait()


async def _look_up(collection: Collection, name: str) -> None:
    async with _LOOK_UPS:
        try:
            collection.resolved(name, await look_up(name))
        except AddressError:
            collection.resolved(name, None)
