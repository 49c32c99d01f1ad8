"""Payment: charges a customer; with an ``Idempotency-Key`` once only, however often it is asked. Asks the bank, if joined to one.

The key works as in the IETF's draft "The Idempotency-Key HTTP Header Field": the same key and the same charge get the
first answer again; the same key with another charge is refused with 422. A refund names the key of the charge. One that comes
before its charge makes the key void, so that a charge which was late on its way cannot undo the undoing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.messages import IDEMPOTENCY_KEY, CallError, Request, Response, Result
from chaoscli.services.base import Service
from chaoscli.services.diary import Diary
from chaoscli.services.fields import LONGEST_TEXT, BadInputError, Fields, key_of
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import json_object, json_value, reply, segments, unknown
from chaoscli.services.work import Capacity
from chaoscli.settings import setting

PLACES = ("POST /payment/charge", "POST /payment/refund")
# open: the bank has been asked, and its answer is not known. refunding: the same, of giving back. void: never to be charged.
State = Literal["open", "charged", "declined", "refunding", "refunded", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSettings(Capacity):
    """How careful it is with what it is told."""

    validates: bool = setting(
        "check what a charge says: types, ranges, sizes, no unknown field; false takes everything at its word", True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charge:
    number: int
    user: str
    amount: float
    key: str | None
    state: State

    @property
    def name(self) -> str:
        return f"TXN{self.number:08d}"


class _BankFailedError(Exception):
    """The bank did not say what it did; the status is what a gateway answers then (RFC 9110, 15.6.3 and 15.6.5)."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Payment(Service):
    """Charges are rows of its database; keys outlive the process with them."""

    parameters = ()

    def __init__(self, node: Node, settings: PaymentSettings) -> None:
        self._node = node
        self._validates = settings.validates
        self._database = node.database("charges")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS charges (number INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL,"
            " amount REAL NOT NULL, key TEXT UNIQUE, state TEXT NOT NULL)"
        )

        self._diary = Diary(node, self._database)

    async def handle(self, request: Request) -> Response:
        try:
            match request.method, segments(request):
                case "POST", ["payment", "charge"]:
                    return await self._charge(request)
                case "POST", ["payment", "refund"]:
                    return await self._refund(request)
        except BadInputError as error:
            return error.reply()
        except _BankFailedError as error:
            return reply(error.status, {"error": str(error)})
        return unknown(request, PLACES)

    # -- charging ----------------------------------------------------------------------------------------------------------

    async def _charge(self, request: Request) -> Response:
        user, amount = self._said(request)
        key = key_of(request)
        with transaction(self._database):
            charge = self._known(key) or self._record(user, amount, key)
        if charge.state != "void" and (charge.user, charge.amount) != (user, float(amount)):
            return reply(422, {"error": "this Idempotency-Key was used for another charge"})
        if charge.state == "open":
            approved = await self._asked(request, "charge", charge)
            # Somebody may have been faster, with the same key: what is told is what this request has changed.
            if self._moved(request, charge, "open", "charged" if approved else "declined", amount) and approved:
                return reply(200, {"transactionId": charge.name})
        return self._again(request, self._now(charge), amount)

    def _said(self, request: Request) -> tuple[str, float]:
        """Who is to pay what. The card is only passed on in the shops of others: here it is looked at, and kept nowhere."""
        if self._validates:
            said = Fields(request, "userId", "amount", optional=("card",))
            said.card("card")
            return said.text("userId"), said.amount("amount")
        body = json_object(request) or {}
        amount = body.get("amount")
        return str(body.get("userId"))[:LONGEST_TEXT], amount if isinstance(amount, int | float) else 0.0

    def _again(self, request: Request, charge: _Charge, amount: float) -> Response:
        """The answer to a charge that has been decided."""
        if charge.state == "charged":
            self._node.happened("charge repeated", request, **_facts(charge, amount))
            return reply(200, {"transactionId": charge.name})
        if charge.state == "declined":
            return reply(402, {"error": "the bank declined"})
        return reply(409, {"error": "this charge was taken back"})

    # -- refunding ---------------------------------------------------------------------------------------------------------

    async def _refund(self, request: Request) -> Response:
        key = Fields(request, "key").text("key")
        with transaction(self._database):
            charge = self._known(key) or self._record("", 0.0, key, "void")
        if charge.state == "open":
            # Undecided at the bank. It is asked again first: only what was charged can be given back.
            approved = await self._asked(request, "charge", charge)
            self._moved(request, charge, "open", "charged" if approved else "declined", charge.amount)
            charge = self._now(charge)
        if self._moved(request, charge, "charged", "refunding", charge.amount):
            charge = self._now(charge)
        if charge.state == "refunding":
            if not await self._asked(request, "refund", charge):
                return reply(502, {"error": "the bank did not give it back"})
            self._moved(request, charge, "refunding", "refunded", charge.amount)
        return reply(200, {"key": key, "refunded": self._now(charge).state == "refunded"})

    # -- the bank ----------------------------------------------------------------------------------------------------------

    async def _asked(self, request: Request, what: Literal["charge", "refund"], charge: _Charge) -> bool:
        """Whether the bank approves; a payment that is joined to none is its own. The key is the transaction's name, so that
        asking again after silence is asking about the same movement."""
        if "bank" not in self._node.callees:
            return True
        movement = {"account": charge.user, "amount": charge.amount}
        key = ((IDEMPOTENCY_KEY, charge.name),)
        try:
            answer = await self._node.call("bank", "POST", f"/bank/{what}", json=movement, headers=key, cause=request)
        except CallError as error:
            raise _BankFailedError(504 if error.result is Result.TIMEOUT else 502, f"bank: {error.result.value}") from error
        if answer.status == 429:
            raise _BankFailedError(503, "the bank is asked too often")
        said = json_value(answer.body)
        if answer.status >= 400 or not isinstance(said, dict) or not isinstance(said.get("approved"), bool):
            raise _BankFailedError(502, f"bank answered {answer.status}")
        return bool(said["approved"])

    # -- the database ------------------------------------------------------------------------------------------------------

    def _known(self, key: str | None) -> _Charge | None:
        row = self._database.execute("SELECT number, user, amount, key, state FROM charges WHERE key = ?", (key,)).fetchone()
        return _charge_of(row) if row else None

    def _now(self, charge: _Charge) -> _Charge:
        select = "SELECT number, user, amount, key, state FROM charges WHERE number = ?"
        return _charge_of(self._database.execute(select, (charge.number,)).fetchone())

    def _record(self, user: str, amount: float, key: str | None, state: State = "open") -> _Charge:
        insert = "INSERT INTO charges (user, amount, key, state) VALUES (?, ?, ?, ?)"
        number = self._database.execute(insert, (user, amount, key, state)).lastrowid or 0
        return _Charge(number=number, user=user, amount=float(amount), key=key, state=state)

    def _moved(self, request: Request, charge: _Charge, before: State, after: State, amount: float) -> bool:
        """Whether it was this call that changed the state; committed, and told where money went, when it returns."""
        with self._diary.committing() as write:
            update = "UPDATE charges SET state = ? WHERE number = ? AND state = ?"
            moved = self._database.execute(update, (after, charge.number, before)).rowcount == 1
            if moved and after in ("charged", "refunded"):
                write(after, request, **_facts(charge, amount))
        return moved


def _facts(charge: _Charge, amount: float) -> dict[str, Any]:
    key = {"key": charge.key} if charge.key else {}
    return {"transaction": charge.name, "user": charge.user, "amount": amount, **key}


def _charge_of(row: sqlite3.Row | tuple[Any, ...]) -> _Charge:
    number, user, amount, key, state = row
    return _Charge(number=number, user=user, amount=amount, key=key, state=state)
