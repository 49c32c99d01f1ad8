"""A shop for tests: nodes joined by plain calls instead of sockets, on whatever clock trio runs.

The services, doors, workers and policies are the real ones; only the wire is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import trio

from chaoscli.events import Event, Happened
from chaoscli.messages import CALLER, REQUEST_ID, CallError, Headers, Request, Response, Result
from chaoscli.net.signing import Keyring
from chaoscli.services.base import Service
from chaoscli.services.catalogue import KINDS
from chaoscli.services.door import Door
from chaoscli.services.node import Node
from chaoscli.services.work import Workers
from chaoscli.settings import from_plain
from chaoscli.topology import NodeSpec

# What the host's clock shows when a test begins; trio's mock clock begins at 0.
CURTAIN_WALL_S = 1_000_000_000.0


KEYS = Keyring("a secret that only tests know")
# Every node a test has opened, for `tests/services/conftest.py` to close after it.
OPENED: list[Node] = []


class Shop:
    """Holds the nodes and everything they told. A wire takes ``wire_s`` each way; ``broken`` callees end calls that way, what
    one of a ``cut`` pair (caller, callee) says never arrives, and
    ``answers_lost`` of a callee say how many are lost after the work was done, ``unheard`` of a target how many before."""

    def __init__(self, *, seed: int = 7, folder: str | None = None, wire_s: float = 0.0) -> None:
        self.events: list[Event] = []
        self.broken: dict[str, Result] = {}
        self.cut: set[tuple[str, str]] = set()
        self.answers_lost: dict[str, int] = {}
        self.unheard: dict[str, int] = {}
        self.nodes: dict[str, Node] = {}
        self.workers: dict[str, Workers] = {}
        self.heard: list[tuple[str, Request]] = []
        self._answers: dict[str, Response] = {}
        self._services: dict[str, Service] = {}
        self._doors: dict[str, Door] = {}
        self._seed = seed
        self._folder = folder
        self._wire_s = wire_s

    def open(self, name: str, kind: str, *, calls: Mapping[str, Mapping[str, Any]] | None = None, **settings: Any) -> Node:
        """A node with nothing to wait for unless the settings say so."""
        plain = {"service_time": 0.0, **settings}
        spec = NodeSpec(name=name, kind=kind, settings=plain, calls=calls or {})
        node = Node(
            spec=spec,
            transport=self,
            tell=self.events.append,
            now=trio.current_time,
            true_wall=lambda: CURTAIN_WALL_S + trio.current_time(),
            seed=self._seed,
            folder=self._folder,
            keys=KEYS,
        )
        OPENED.append(node)
        made = from_plain(KINDS[kind].settings, plain)
        self.nodes[name] = node
        self.workers[name] = Workers(node, made)
        self._services[name] = KINDS[kind].make(node, made)
        self._doors[name] = Door(node, self._services[name], self.workers[name])
        return node

    async def exchange(self, callee: str, request: Request) -> Response:
        """The transport of every node here."""
        self.heard.append((callee, request))
        await trio.sleep(self._wire_s)
        if (request.header(CALLER), callee) in self.cut:
            await trio.sleep_forever()
        if callee in self.broken:
            if self.broken[callee] is Result.TIMEOUT:
                await trio.sleep_forever()
            raise CallError(self.broken[callee])
        if self.unheard.get(request.target, 0):
            self.unheard[request.target] -= 1
            raise CallError(Result.RESET)
        response = self._answers.get(callee) or await self._doors[callee].handle(request)
        await trio.sleep(self._wire_s)
        if self.answers_lost.get(callee, 0):
            self.answers_lost[callee] -= 1
            raise CallError(Result.RESET)
        return response

    def answer(self, callee: str, status: int, body: bytes) -> None:
        """From now on this is what the callee says, whatever it is asked."""
        self._answers[callee] = Response(status=status, body=body)

    def answers_again(self, callee: str) -> None:
        """For itself."""
        del self._answers[callee]

    async def ask(
        self, name: str, method: str, target: str, body: Any = None, *, request: str = "", headers: Headers = ()
    ) -> tuple[int, Any]:
        """Status and JSON of one request; a body that is bytes goes as it is."""
        response = await self.ask_raw(name, method, target, body, request=request, headers=headers)
        return response.status, json.loads(response.body) if response.body else None

    async def ask_raw(
        self, name: str, method: str, target: str, body: Any = None, *, request: str = "", headers: Headers = ()
    ) -> Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        plain = Request(method=method, target=target, headers=headers, body=data)
        if request:
            plain = replace(plain, headers=((REQUEST_ID, request), *headers))
        return await self._doors[name].handle(plain)

    def run(self, nursery: trio.Nursery, *names: str) -> None:
        """Start the background work of these nodes."""
        for name in names:
            nursery.start_soon(self._services[name].run, self.workers[name])

    def happened(self, what: str = "") -> list[tuple[str, str, dict[str, Any]]]:
        """(what, request, data) of the shop's facts, in order."""
        facts = [event for event in self.events if isinstance(event, Happened)]
        return [(fact.what, fact.request, dict(fact.data)) for fact in facts if what in ("", fact.what)]
