"""One node as a process: a service behind its door, serving loopback HTTP until the command that owns it is gone."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import trio

from chaoscli.errors import NotMadeError
from chaoscli.messages import REQUEST_ID, Request
from chaoscli.net.channel import Channel, Line
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.http_server import HttpServer
from chaoscli.net.pool import limits_of
from chaoscli.net.signing import keys_of
from chaoscli.net.tcp import address_of, listen
from chaoscli.net.tls import client_contexts, credentials_of, server_context
from chaoscli.services.node import Node
from chaoscli.services.staffed import staffed
from chaoscli.settings import from_plain
from chaoscli.topology import NodeSpec

# Requests at work when the node is told to stop may finish; the run as a whole must be gone within two seconds.
STOP_GRACE_S = 1.0


async def run(channel: Channel, part: Mapping[str, Any]) -> None:
    """Play ``part``: {"seed", "node": plain NodeSpec, "neighbours": {callee: [host, port]}, "folder", "credentials": plain
    Credentials or None}, until the channel closes.

    Questions: ``address`` -> {"address": [host, port]}, NotMadeError when the port could not be had; ``clock`` {offset, drift}
    (seconds, ppm); ``speed`` {slower_by}; ``absent`` {callees}; ``stop``.
    """
    await _Process(channel, part).run()


class _Process:
    def __init__(self, channel: Channel, part: Mapping[str, Any]) -> None:
        self._channel = channel
        neighbours = {callee: (str(host), int(port)) for callee, (host, port) in part["neighbours"].items()}
        spec = from_plain(NodeSpec, part["node"])
        self._own = credentials_of(part)
        tls = client_contexts(self._own, spec.calls)
        self._transport = HttpTransport(neighbours, limits=limits_of(spec.calls), tls=tls)
        self._node = Node(
            spec=spec,
            transport=self._transport,
            tell=channel.tell_event,
            now=time.monotonic,
            true_wall=time.time,
            seed=part["seed"],
            folder=part.get("folder"),
            keys=keys_of(os.environ),
        )
        self._staffed = staffed(self._node)
        self._server = HttpServer(self._staffed.door.handle, failed=self._failed, hung_up=self._staffed.hung_up)
        self._background = trio.CancelScope()
        self._address: tuple[str, int] | NotMadeError

    async def run(self) -> None:
        try:
            async with trio.open_nursery() as nursery:
                await self._open(nursery)
                nursery.start_soon(self._work_in_background)
                await self._channel.run(self._answer, lambda _line: None)
                nursery.cancel_scope.cancel()
        finally:
            await self._transport.aclose()
            self._node.close()

    async def _open(self, nursery: trio.Nursery) -> None:
        try:
            listener = await listen(self._node.spec.port)
        except NotMadeError as error:
            self._address = error  # told to whoever asks where we are
        else:
            self._address = address_of(listener)
            nursery.start_soon(self._server.serve, [self._secured(listener)])

    def _secured(self, listener: trio.SocketListener) -> trio.abc.Listener[Any]:
        if not self._node.spec.settings.get("tls"):
            return listener
        assert self._own is not None, "a node that speaks TLS was given no certificate"
        return trio.SSLListener(listener, server_context(self._own), https_compatible=True)

    async def _work_in_background(self) -> None:
        with self._background:
            try:
                await self._staffed.work()
            except Exception:
                await self._channel.flush()
                raise

    async def _answer(self, question: Line) -> Mapping[str, Any] | None:
        match question["do"]:
            case "address":
                if isinstance(self._address, NotMadeError):
                    raise self._address
                return {"address": list(self._address)}
            case "clock":
                self._node.clock.skew(offset_s=question.get("offset", 0.0), drift_ppm=question.get("drift", 0.0))
            case "absent":
                self._node.absent = frozenset(question["callees"])
            case "speed":
                self._node.slower_by = float(question["slower_by"])
            case "stop":
                self._background.cancel()
                await self._server.stop(STOP_GRACE_S)
            case unknown:
                raise NotMadeError(f"a node does not know how to '{unknown}'")
        return None

    def _failed(self, request: Request, error: Exception) -> None:
        self._node.note(f"{request.method} {request.target} of {request.header(REQUEST_ID)}: {error!r}", "error")
