"""A lease, and workers of whom only its holder may do the job of the moment.

The mistake: until when it holds is said and compared in wall-clock time, and clocks differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from chaoscli.messages import REQUEST_ID, CallError, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import json_value, query, reply, segments, unknown
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting

LEASE_S = 0.3
TICK_S = 0.05


class Lease(Service):
    """``POST /lease?holder=...``: 200 with how long it lasts and until when, or 409 while it is somebody else's."""

    def __init__(self, node: Node, settings: Capacity) -> None:
        self._node = node
        self._database = node.database("lease")
        self._database.execute("CREATE TABLE IF NOT EXISTS lease (one INTEGER PRIMARY KEY, holder TEXT, until REAL)")

    async def handle(self, request: Request) -> Response:
        if (request.method, segments(request)) != ("POST", ["lease"]):
            return unknown(request, ())
        holder, now = query(request, "holder", ""), self._node.now()
        with transaction(self._database):
            row = self._database.execute("SELECT holder, until FROM lease").fetchone()
            if row is not None and row[0] != holder and row[1] > now:
                return reply(409, {"holder": row[0]})
            self._database.execute("INSERT OR REPLACE INTO lease VALUES (1, ?, ?)", (holder, now + LEASE_S))
        self._node.happened("lease granted", request, holder=holder)
        return reply(200, {"seconds": LEASE_S, "untilWall": self._node.clock.time() + LEASE_S})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings(Capacity):
    by_wall_clock: bool = setting("believe in the lease until its wall-clock time", False)


class Worker(Service):
    """Asks for the lease again and again, and does the job of each tick as long as it believes to hold it."""

    def __init__(self, node: Node, settings: WorkerSettings) -> None:
        self._node = node
        self._by_wall_clock = settings.by_wall_clock
        self._until = 0.0

    async def handle(self, request: Request) -> Response:
        return reply(200, {"holds": self._holds()})

    async def run(self, workers: Workers) -> None:
        number, done = 0, -1
        while True:
            number += 1
            tick = math.floor(self._node.now() / TICK_S)
            if self._holds() and tick > done:
                done = tick
                self._node.happened("worked off", f"tick-{tick}", key=f"tick-{tick}")
            if number % 4 == 1:
                await self._ask(number)
            await self._node.sleep(TICK_S)

    def _holds(self) -> bool:
        return (self._node.clock.time() if self._by_wall_clock else self._node.now()) < self._until

    async def _ask(self, number: int) -> None:
        name, asked_at = self._node.name, self._node.now()
        cause = Request(method="POST", target="/", headers=((REQUEST_ID, f"{name}-{number}-{asked_at:.3f}"),))
        try:
            answer = await self._node.call("lease", "POST", f"/lease?holder={name}", cause=cause)
        except CallError:
            return
        if answer.status == 200:
            said = json_value(answer.body)
            self._until = said["untilWall"] if self._by_wall_clock else asked_at + said["seconds"]
