"""Holder: works on something that only one may work on, for as long as it believes that it holds the lease for it.

It looks whether its lease is still good, does a piece of work, and writes what came of it. Between the look and the write time
passes, however short it was meant to be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal
from urllib.parse import quote

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import REQUEST_ID, CallError, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node
from chaoscli.services.replies import json_value, reply, segments, unknown
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = ("GET /holder",)
LOCK, VAULT = "lock", "vault"
MOST_HANDS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderSettings(Capacity):
    """What it wants, and by which clock it believes to have it."""

    lease: str = setting("what the lease is for, at the lock and in the vault", "job")
    believes: Literal["wall", "monotonic"] = setting(
        "by which clock it counts its lease: wall, until the instant that the lock told, by its own clock on the wall;"
        " monotonic, so long after it asked, by a clock that nobody sets",
        "monotonic",
    )
    begins: Seconds = setting("how long it waits at its start before it first asks", 0.0)
    asks: Seconds = setting("how often it asks for the lease, or renews it", 0.15)
    thinks: Seconds = setting("how long it works on each piece, between looking at its lease and writing", 0.1)
    hands: int = setting("pieces worked on at once", 2, minimum=1)

    def __post_init__(self) -> None:
        if self.asks <= 0.0 or self.thinks <= 0.0:
            raise BadSetting("asks" if self.asks <= 0.0 else "thinks", "is 0; it would do nothing else, and do it all the time")
        if self.hands > MOST_HANDS:
            raise BadSetting("hands", f"is {self.hands}; each keeps a connection to the vault, {MOST_HANDS} at most")


class Holder(Service):
    """Calls ``lock`` and ``vault``. Its lease does not outlive it: whoever starts again asks again."""

    parameters = ()

    def __init__(self, node: Node, settings: HolderSettings) -> None:
        self._node = node
        self._settings = settings
        self._token = 0
        self._ends = -math.inf
        self._number = count(1)

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["holder"]:
                return reply(200, {"lease": self._settings.lease, "token": self._token, "holds": self.holds})
        return unknown(request, PLACES)

    async def run(self, workers: Workers) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_asking)
            for _ in range(self._settings.hands):
                nursery.start_soon(self._keep_working)

    @property
    def holds(self) -> bool:
        """Whether it believes that the lease is its own."""
        return self._clock() < self._ends

    def _clock(self) -> float:
        return self._node.clock.time() if self._settings.believes == "wall" else self._node.now()

    async def _keep_asking(self) -> None:
        await self._node.sleep(self._settings.begins)
        while True:
            await self._ask()
            await self._node.sleep(self._settings.asks)

    async def _ask(self) -> None:
        asked_at, name = self._node.now(), quote(self._settings.lease, safe="")
        said = await self._say(LOCK, f"/locks/{name}", {"holder": self._node.name}, self._cause("asks"))
        if said is None or not isinstance(said.get("seconds"), int | float) or not isinstance(said.get("token"), int):
            return
        self._token = said["token"]
        # From when it asked, not from when it was answered: the lock began to count in between.
        self._ends = float(said["untilWall"]) if self._settings.believes == "wall" else asked_at + said["seconds"]

    async def _keep_working(self) -> None:
        while True:
            if not self.holds:
                await self._node.sleep(self._settings.asks / 5)
                continue
            token = self._token
            await self._node.sleep(self._settings.thinks * self._node.slower_by)
            cause = self._cause("works")
            piece = {"holder": self._node.name, "token": token, "value": cause.header(REQUEST_ID)}
            await self._say(VAULT, f"/vault/{quote(self._settings.lease, safe='')}", piece, cause)

    async def _say(self, callee: str, target: str, said: dict[str, Any], cause: Request) -> dict[str, Any] | None:
        """The object that was answered, if all is well."""
        try:
            answer = await self._node.call(callee, "POST", target, json=said, cause=cause)
        except CallError:
            return None
        body = json_value(answer.body)
        return dict(body) if answer.status == 200 and isinstance(body, dict) else None

    def _cause(self, what: str) -> Request:
        name = f"{self._node.name}-{what}-{next(self._number)}"
        return Request(method="POST", target="/", headers=((REQUEST_ID, name),))
