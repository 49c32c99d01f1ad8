"""Payment: charges a customer; with an ``Idempotency-Key`` once only, however often it is asked.

The key works as in the IETF's draft "The Idempotency-Key HTTP Header Field": the same key and the same charge get the
first answer again; the same key with another charge is refused with 422.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import json_object, reply, segments, unknown
from chaoscli.services.work import Capacity

PLACES = ("POST /payment/charge",)
IDEMPOTENCY_KEY = "idempotency-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSettings(Capacity):
    """A payment service has nothing to set but its capacity."""


class Payment(Service):
    """Charges are rows of its database; keys outlive the process with them."""

    def __init__(self, node: Node, settings: PaymentSettings) -> None:
        self._node = node
        self._database = node.database("charges")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS charges"
            " (number INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, amount REAL NOT NULL, key TEXT UNIQUE)"
        )

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "POST", ["payment", "charge"]:
                return self._charge(request)
        return unknown(request, PLACES)

    def _charge(self, request: Request) -> Response:
        user, amount = _bill(json_object(request))
        if user is None or amount is None:
            return reply(400, {"error": "the body must be a JSON object with userId, a text, and amount, a number above 0"})
        key = request.header(IDEMPOTENCY_KEY) or None
        with transaction(self._database):
            known = self._known(key)
            if known is not None and known[1:] != (user, float(amount)):
                return reply(422, {"error": "this Idempotency-Key was used for another charge"})
            number = known[0] if known is not None else self._record(user, amount, key)
        name = f"TXN{number:08d}"
        if known is None:
            self._node.happened("charged", request, transaction=name, user=user, amount=amount)
        else:
            self._node.happened("charge repeated", request, transaction=name, user=user, amount=amount)
        return reply(200, {"transactionId": name})

    def _known(self, key: str | None) -> tuple[int, str, float] | None:
        row = self._database.execute("SELECT number, user, amount FROM charges WHERE key = ?", (key,)).fetchone()
        return tuple(row) if row else None

    def _record(self, user: str, amount: float, key: str | None) -> int:
        values = (user, amount, key)
        return int(self._database.execute("INSERT INTO charges (user, amount, key) VALUES (?, ?, ?)", values).lastrowid or 0)


def _bill(body: dict[str, Any] | None) -> tuple[str | None, float | None]:
    """Whom to charge and how much, as far as the JSON says so."""
    given = body or {}
    user, amount = given.get("userId"), given.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not math.isfinite(amount) or not 0 < amount < 1e15:
        amount = None
    return (user if isinstance(user, str) and user else None), amount
