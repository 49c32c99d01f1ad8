"""Bank: the outside party. It is slow, it limits how often it may be asked, and it belongs to somebody else.

It honours an ``Idempotency-Key`` as card processors do: the same key and the same charge get the first answer again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from chaoscli.faults.base import BadSetting
from chaoscli.messages import RETRY_AFTER, Request, Response
from chaoscli.resilience.policy import RateLimit
from chaoscli.resilience.rate_limit import Meter
from chaoscli.services.base import Service
from chaoscli.services.fields import BadInputError, Fields, key_of
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import reply, segments, unknown
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import PerSecond, Seconds

PLACES = ("POST /bank/charge", "POST /bank/refund")
Direction = Literal["charge", "refund"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSettings(Capacity):
    """What it puts up with. Nobody can make it faster."""

    # Card authorisations take one to three seconds; a tenth of that lets a play of ten seconds see many.
    service_time: Seconds = setting("how long one authorisation takes, on average", 0.15)
    rate: PerSecond | None = setting("requests it takes a second; more are answered 429 with Retry-After", 50.0)
    burst: int = setting("how many may come at once before the rate counts", 10, minimum=1)
    limit: int = setting("the largest amount it approves", 10_000, minimum=1)

    def __post_init__(self) -> None:
        if self.rate is not None and self.rate <= 0.0:
            raise BadSetting("rate", "is 0; write `rate: none` for a bank that takes all that come")


class Bank(Service):
    """Movements are rows of its database. Money goes back as it came: once for each key."""

    parameters = ()

    def __init__(self, node: Node, settings: BankSettings) -> None:
        self._node = node
        self._limit = settings.limit
        self._apart_s = 0.0 if settings.rate is None else 1.0 / settings.rate
        self._meter = None if settings.rate is None else Meter(RateLimit(rate=settings.rate, burst=settings.burst))
        self._database = node.database("movements")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS movements (number INTEGER PRIMARY KEY AUTOINCREMENT, direction TEXT NOT NULL,"
            " account TEXT NOT NULL, amount REAL NOT NULL, key TEXT, UNIQUE (direction, key))"
        )

    async def handle(self, request: Request) -> Response:
        if self._meter is not None and self._meter.wait_s(self._node.now()) is None:
            after_s = max(1, math.ceil(self._apart_s))
            return reply(429, {"error": "too many requests"}, ((RETRY_AFTER, str(after_s)),))
        try:
            match request.method, segments(request):
                case "POST", ["bank", "charge"]:
                    return self._move(request, "charge")
                case "POST", ["bank", "refund"]:
                    return self._move(request, "refund")
        except BadInputError as error:
            return error.reply()
        return unknown(request, PLACES)

    def _move(self, request: Request, direction: Direction) -> Response:
        said = Fields(request, "account", "amount")
        account, amount, key = said.text("account"), said.amount("amount"), key_of(request)
        if amount > self._limit:
            return reply(200, {"approved": False, "reason": "amount above the limit"})
        with transaction(self._database):
            known = self._database.execute(
                "SELECT account, amount FROM movements WHERE direction = ? AND key = ?", (direction, key)
            ).fetchone()
            if known is not None and tuple(known) != (account, float(amount)):
                return reply(422, {"error": "this Idempotency-Key was used for another movement"})
            if known is None:
                self._database.execute(
                    "INSERT INTO movements (direction, account, amount, key) VALUES (?, ?, ?, ?)",
                    (direction, account, amount, key),
                )
        if known is None:
            what = "bank charged" if direction == "charge" else "bank refunded"
            self._node.happened(what, request, account=account, amount=amount, **({"key": key} if key else {}))
        return reply(200, {"approved": True})
