"""Lock: grants leases, each to one holder at a time and for a while, with a token that grows from one grant to the next.

A lease is a lock that ends by itself, so that a holder who dies does not keep it for ever (Gray and Cheriton, "Leases", SOSP
1989). What its holder believes of it while nobody can be reached is the holder's affair; the token is for those it goes to.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.fields import LONGEST_TEXT, BadInputError, Fields
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import reply, segments, unknown
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = ("POST /locks/{name}", "DELETE /locks/{name}", "GET /locks/{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSettings(Capacity):
    """How long a lease lasts."""

    service_time: Seconds = setting("how long granting takes, on average", 0.001)
    lasts: Seconds = setting("how long a lease lasts that is not renewed", 0.6)

    def __post_init__(self) -> None:
        if self.lasts <= 0.0:
            raise BadSetting("lasts", "is 0; a lease that is over at once protects nothing")


class Lock(Service):
    """Leases are rows of its database, and counted on the host's monotonic clock, which a restart of the node does not touch."""

    parameters = ()

    def __init__(self, node: Node, settings: LockSettings) -> None:
        self._node = node
        self._settings = settings
        self._database = node.database("leases")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, token INTEGER NOT NULL,"
            " ends REAL NOT NULL)"
        )

    async def handle(self, request: Request) -> Response:
        try:
            match request.method, segments(request):
                case "POST", ["locks", name] if len(name) <= LONGEST_TEXT:
                    return self._ask(request, name, Fields(request, "holder").text("holder"))
                case "DELETE", ["locks", name]:
                    return self._give_back(request, name, Fields(request, "holder").text("holder"))
                case "GET", ["locks", name]:
                    holder, token, ends = self._lease(name)
                    left_s = max(0.0, ends - self._node.now())
                    return reply(200, {"name": name, "holder": holder if left_s else None, "token": token, "seconds": left_s})
        except BadInputError as error:
            return error.reply()
        return unknown(request, PLACES)

    def _ask(self, request: Request, name: str, holder: str) -> Response:
        """Granted to who has it already, with the same token, and to anybody once it is over, with the next."""
        now, lasts_s = self._node.now(), self._settings.lasts
        with transaction(self._database):
            before, token, ends = self._lease(name)
            if before != holder and ends > now:
                return reply(409, {"name": name, "holder": before, "seconds": ends - now})
            renewed = before == holder and ends > now
            token += not renewed
            self._database.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", (name, holder, token, now + lasts_s))
        if not renewed:
            self._node.happened("lease granted", request, lease=name, holder=holder, token=token)
        # The instant is for holders who go by the clock on the wall, and are as good as that.
        until_s = self._node.clock.time() + lasts_s
        return reply(200, {"name": name, "token": token, "seconds": lasts_s, "untilWall": until_s})

    def _give_back(self, request: Request, name: str, holder: str) -> Response:
        now = self._node.now()
        back = "UPDATE leases SET ends = ? WHERE name = ? AND holder = ? AND ends > ?"
        had = self._database.execute(back, (now, name, holder, now)).rowcount == 1
        if had:
            self._node.happened("lease given back", request, lease=name, holder=holder, token=self._lease(name)[1])
        return reply(200, {"name": name, "givenBack": had})

    def _lease(self, name: str) -> tuple[str, int, float]:
        """Holder, token and end of the latest; nobody's, 0 and long ago if there never was one."""
        row = self._database.execute("SELECT holder, token, ends FROM leases WHERE name = ?", (name,)).fetchone()
        return tuple(row) if row else ("", 0, 0.0)
