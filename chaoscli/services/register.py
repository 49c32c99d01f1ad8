"""Register: a value for each key, on several nodes, where the last writer wins; which one was last is for the stamps to say.

A write is stamped by the node that takes it, applied there if its stamp is the latest, and sent to every peer behind the
answer's back. By wall clocks a node whose clock is behind stamps its new write as old, and the write is lost although
everybody had seen the other one first; logical clocks cannot make that mistake.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import trio

from chaoscli.compact import compact
from chaoscli.messages import CALLER, SENT_AT, CallError, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.clocks import Kind, Stamp, stamps
from chaoscli.services.node import Node
from chaoscli.services.replies import json_value, reply, segments, unknown
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting

PLACES = ("GET /register/{key}", "PUT /register/{key}")
STAMP = "x-stamp"
# Writes on their way to one peer: a partition of a whole play at a hundred writes a second fits.
MOST_WAITING_WRITES = 2000
# To one peer at once: thirty writes a second over a link of a second keep up. Stamps order writes, not their arrival.
SENDERS = 32
PAUSE_AFTER_FAILURE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSettings(Capacity):
    """What orders the writes."""

    stamps: Kind = setting("how writes are ordered: by wall clocks, Lamport clocks or hybrid logical clocks", "wall")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    key: str
    value: Any
    stamp: Stamp
    cause: Request


class Register(Service):
    """All the services it calls are its peers. What was applied is in its database; what peers have not been sent is not."""

    parameters = ()

    def __init__(self, node: Node, settings: RegisterSettings) -> None:
        self._node = node
        self._stamps = stamps(settings.stamps, node.name)
        self._database = node.database("register")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS register (key TEXT PRIMARY KEY, value TEXT NOT NULL, stamp TEXT NOT NULL)"
        )
        for (text,) in self._database.execute("SELECT stamp FROM register").fetchall():
            self._stamps.receive(Stamp.parse(text), self._wall_us())  # a logical clock must not start again from nothing
        self._outbound = {peer: trio.open_memory_channel[_Write](MOST_WAITING_WRITES) for peer in node.callees}

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["register", key]:
                return self._read(key)
            case "PUT", ["register", key]:
                return self._write(request, key)
        return unknown(request, PLACES)

    async def run(self, workers: Workers) -> None:
        """Send writes on, to each peer until it has them. A write does not wait for the one before it to arrive."""
        async with trio.open_nursery() as nursery:
            for peer, (_send, receive) in self._outbound.items():
                for _ in range(SENDERS):
                    nursery.start_soon(self._send_on, peer, receive)

    def _read(self, key: str) -> Response:
        held = self._held(key)
        if held is None:
            return reply(404, {"key": key, "error": "nothing was written"})
        value, stamp = held
        return reply(200, {"key": key, "value": value, "stamp": str(stamp)}, ((STAMP, str(stamp)),))

    def _write(self, request: Request, key: str) -> Response:
        value = json_value(request.body)
        if value is None:
            return reply(400, {"error": "a value must be JSON, and not null"})
        text = request.header(STAMP)
        if not text:
            return self._take_own(request, key, value)
        try:
            stamp = Stamp.parse(text)
        except ValueError as error:
            return reply(400, {"error": str(error)})
        return self._take_replica(request, _Write(key=key, value=value, stamp=stamp, cause=request))

    def _take_own(self, request: Request, key: str, value: Any) -> Response:
        """A client's write: it is newer than all this node has seen, whatever its stamp says."""
        write = _Write(key=key, value=value, stamp=self._stamps.stamp(self._wall_us()), cause=request)
        applied, held = self._apply(write)
        if applied:
            self._send_to_peers(write)
        else:
            self._node.happened("newer write lost", request, key=key, value=value, stamp=str(write.stamp), held=held)
        return _outcome(write, applied)

    def _take_replica(self, request: Request, write: _Write) -> Response:
        self._note_the_future(request)
        self._stamps.receive(write.stamp, self._wall_us())
        applied, _held = self._apply(write)
        return _outcome(write, applied)

    def _apply(self, write: _Write) -> tuple[bool, str]:
        """Whether the write is in force now, and the stamp of the one it met."""
        before = self._held(write.key)
        held = str(before[1]) if before else ""
        applied = before is None or write.stamp > before[1]
        if applied:
            text = compact(write.value)
            self._database.execute("INSERT OR REPLACE INTO register VALUES (?, ?, ?)", (write.key, text, str(write.stamp)))
        what = "write applied" if applied else "write discarded"
        self._node.happened(what, write.cause, key=write.key, value=write.value, stamp=str(write.stamp), held=held)
        return applied, held

    def _send_to_peers(self, write: _Write) -> None:
        for peer, (send, _receive) in self._outbound.items():
            try:
                send.send_nowait(write)
            except trio.WouldBlock:
                self._node.happened("replication dropped", write.cause, peer=peer, key=write.key, stamp=str(write.stamp))

    async def _send_on(self, peer: str, writes: trio.MemoryReceiveChannel[_Write]) -> None:
        async for write in writes:
            while not await self._delivered(peer, write):
                await self._node.sleep(PAUSE_AFTER_FAILURE_S)

    async def _delivered(self, peer: str, write: _Write) -> bool:
        target = f"/register/{quote(write.key, safe='')}"
        send = partial(self._node.call, peer, "PUT", target, headers=((STAMP, str(write.stamp)),), cause=write.cause)
        try:
            answer = await send(json=write.value)
        except CallError:
            return False
        return answer.status < 500  # a 4xx will not change by saying it again

    def _note_the_future(self, request: Request) -> None:
        received_s = self._node.clock.time()
        try:
            sent_s = float(request.header(SENT_AT, "0"))
        except ValueError:
            return
        if math.isfinite(sent_s) and sent_s > received_s:
            self._node.happened(
                "message from the future",
                request,
                sender=request.header(CALLER),
                sent_wall_s=sent_s,
                received_wall_s=received_s,
                ahead_s=sent_s - received_s,
            )

    def _held(self, key: str) -> tuple[Any, Stamp] | None:
        row = self._database.execute("SELECT value, stamp FROM register WHERE key = ?", (key,)).fetchone()
        return (json.loads(row[0]), Stamp.parse(row[1])) if row else None

    def _wall_us(self) -> int:
        return round(self._node.clock.time() * 1e6)


def _outcome(write: _Write, applied: bool) -> Response:
    value = {"key": write.key, "value": write.value, "stamp": str(write.stamp), "applied": applied}
    return reply(200, value, ((STAMP, str(write.stamp)),))
