"""Vault: what a lease protects. It takes what it is given, or, if it is fenced, nothing with an older token than it has seen.

The lock is not asked: it could only tell how things were when it answered. The highest token that came is known here for sure
(Kleppmann, "How to do distributed locking", 2016; the "sequencer" of Burrows, "The Chubby lock service", OSDI 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.fields import LONGEST_TEXT, BadInputError, Fields
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import reply, segments, unknown
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = ("POST /vault/{name}", "GET /vault/{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings(Capacity):
    """Whether it looks at tokens."""

    service_time: Seconds = setting("how long a write takes, on average", 0.001)
    fencing: bool = setting("refuse what bears an older token than the highest that came", False)


class Vault(Service):
    """The highest token is kept with what was written under it, in one transaction."""

    parameters = ()

    def __init__(self, node: Node, settings: VaultSettings) -> None:
        self._node = node
        self._settings = settings
        self._database = node.database("vault")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS vault (name TEXT PRIMARY KEY, token INTEGER NOT NULL, holder TEXT NOT NULL,"
            " value TEXT NOT NULL, writes INTEGER NOT NULL)"
        )

    async def handle(self, request: Request) -> Response:
        try:
            match request.method, segments(request):
                case "POST", ["vault", name] if len(name) <= LONGEST_TEXT:
                    return self._write(request, name)
                case "GET", ["vault", name]:
                    token, holder, value, writes = self._held(name)
                    return reply(200, {"name": name, "token": token, "holder": holder, "value": value, "writes": writes})
        except BadInputError as error:
            return error.reply()
        return unknown(request, PLACES)

    def _write(self, request: Request, name: str) -> Response:
        said = Fields(request, "holder", "token", "value")
        holder, token, value = said.text("holder"), said.quantity("token"), said.text("value")
        with transaction(self._database):
            highest, _holder, _value, writes = self._held(name)
            fenced = self._settings.fencing and token < highest
            if not fenced:
                row = (name, max(token, highest), holder, value, writes + 1)
                self._database.execute("INSERT OR REPLACE INTO vault VALUES (?, ?, ?, ?, ?)", row)
        facts = {"lease": name, "holder": holder, "token": token, "highest": highest}
        self._node.happened("vault refused" if fenced else "vault written", request, **facts)
        if fenced:
            return reply(409, {"name": name, "error": f"token {token} is over: {highest} has been here"})
        return reply(200, {"name": name, "token": token})

    def _held(self, name: str) -> tuple[int, str, str, int]:
        row = self._database.execute("SELECT token, holder, value, writes FROM vault WHERE name = ?", (name,)).fetchone()
        return tuple(row) if row else (0, "", "", 0)
