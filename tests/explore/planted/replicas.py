"""A store of two copies behind a front that turns to the second when the first does not answer, and never back.

The mistake: the first copy says "written" before the second has it, so that what was acknowledged is gone after a failover.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count

import trio

from chaoscli.messages import REQUEST_ID, CallError, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import json_value, reply, segments, unknown
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting

TABLE = (
    "CREATE TABLE IF NOT EXISTS pairs (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS seen (operation TEXT PRIMARY KEY)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSettings(Capacity):
    waits: bool = setting("answer a write only when the other copy has it", True)


class Replica(Service):
    """``PUT /pairs/{key}`` of a client, ``PUT /copies/{key}`` of the other copy, ``GET /pairs/{key}``."""

    def __init__(self, node: Node, settings: ReplicaSettings) -> None:
        self._node = node
        self._waits = settings.waits
        self._database = node.database("pairs")
        for table in TABLE:
            self._database.execute(table)
        self._later_in, self._later_out = trio.open_memory_channel[tuple[str, object, int, Request]](1000)

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["pairs", key]:
                return reply(200, {"value": self._held(key)[0]})
            case "PUT", ["pairs", key]:
                return await self._write(request, key, json_value(request.body))
            case "PUT", ["copies", key]:
                said = json_value(request.body)
                self._apply(key, said["value"], said["version"])
                return reply(200, {})
        return unknown(request, ())

    async def run(self, workers: Workers) -> None:
        async for key, value, version, cause in self._later_out:
            await self._copied(key, value, version, cause)

    async def _write(self, request: Request, key: str, said: dict[str, object]) -> Response:
        """A request that comes twice is done once: the second is told to ask again, since nobody knows yet."""
        with transaction(self._database):
            if self._database.execute("SELECT 1 FROM seen WHERE operation = ?", (said["operation"],)).fetchone():
                return reply(409, {"error": "seen before"})
            self._database.execute("INSERT INTO seen VALUES (?)", (said["operation"],))
            version = self._held(key)[1] + 1
            if not self._waits:
                self._apply(key, said["value"], version)
        if not self._node.callees:
            self._apply(key, said["value"], version)
        elif not self._waits:
            self._later_in.send_nowait((key, said["value"], version, request))
        elif not await self._copied(key, said["value"], version, request):
            return reply(503, {"error": "the other copy does not answer"})
        else:
            self._apply(key, said["value"], version)
        return reply(200, {})

    async def _copied(self, key: str, value: object, version: int, cause: Request) -> bool:
        body = {"value": value, "version": version}
        try:
            answer = await self._node.call(self._node.callees[0], "PUT", f"/copies/{key}", json=body, cause=cause)
        except CallError:
            return False
        return answer.status == 200

    def _apply(self, key: str, value: object, version: int) -> None:
        if version > self._held(key)[1]:
            self._database.execute("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?)", (key, json.dumps(value), version))

    def _held(self, key: str) -> tuple[object, int]:
        row = self._database.execute("SELECT value, version FROM pairs WHERE key = ?", (key,)).fetchone()
        return (json.loads(row[0]), int(row[1])) if row else (None, 0)


class Front(Service):
    """Tells the history of its clients; asks the first of its callees, and from its first failure on the second."""

    def __init__(self, node: Node, settings: Capacity) -> None:
        self._node = node
        self._numbers = count(1)
        self._database = node.database("front")
        self._database.execute("CREATE TABLE IF NOT EXISTS failed_over (is_so INTEGER)")

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET" | "PUT" as method, ["pairs", key]:
                return await self._ask(request, "read" if method == "GET" else "write", key)
        return unknown(request, ())

    async def _ask(self, request: Request, kind: str, key: str) -> Response:
        name = f"{request.header(REQUEST_ID)}/{self._node.now():.6f}/{next(self._numbers)}"
        value = json_value(request.body) if kind == "write" else None
        self._node.happened(f"{kind} invoked", request, operation=name, client="clients", key=key, value=value)
        outcome, answer = await self._answer(request, key, name, value)
        self._node.happened(f"{kind} returned", request, operation=name, outcome=outcome, value=answer)
        return reply(200 if outcome == "ok" else 503, {"value": answer})

    async def _answer(self, request: Request, key: str, name: str, value: object) -> tuple[str, object]:
        callee = self._node.callees[1 if self._has_failed_over() else 0]
        body = {"operation": name, "value": value} if request.method == "PUT" else None
        try:
            answer = await self._node.call(callee, request.method, f"/pairs/{key}", json=body, cause=request)
        except CallError:
            answer = Response(status=503)
        if answer.status != 200:
            if not self._has_failed_over():
                self._database.execute("INSERT INTO failed_over VALUES (1)")
                self._node.happened("failed over", request)
            return "unknown", None
        return "ok", (json_value(answer.body) or {}).get("value")

    def _has_failed_over(self) -> bool:
        return self._database.execute("SELECT 1 FROM failed_over").fetchone() is not None
