"""The order book: what the order service knows for good, and the outbox of what it has still to tell the broker.

Every method is committed when it returns. The outbox is the pattern of that name: the event is a row of the same database as
the order, and written in the same transaction, so that neither can be there without the other.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.messages import REQUEST_ID, TRACE_PARENT, Request
from chaoscli.services.node import transaction

# pending: steps are being taken. undoing: it cannot be, and what was done for it is not undone yet.
State = Literal["pending", "created", "undoing", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """``request`` and ``trace`` name what it came of; they outlive the request."""

    id: str
    product: str
    quantity: int
    customer: str
    request: str
    trace: str

    @property
    def cause(self) -> Request:
        """What calls made for it later, or by the next life of the service, are made for."""
        headers = ((REQUEST_ID, self.request), (TRACE_PARENT, self.trace))
        return Request(method="POST", target="/api/orders", headers=headers)

    @property
    def event(self) -> dict[str, Any]:
        """What others are told of it."""
        return {"orderId": self.id, "productId": self.product, "quantity": self.quantity, "customerId": self.customer}


class OrderBook:
    """Two tables. An order that was only thought of is not in it; one that is being undone is."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(
            "CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
            " product TEXT NOT NULL, quantity INTEGER NOT NULL, customer TEXT NOT NULL, request TEXT NOT NULL,"
            " trace TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL DEFAULT '')"
        )
        database.execute("CREATE INDEX IF NOT EXISTS by_state ON orders (state, number)")
        database.execute("CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL)")

    def state(self, order: str) -> tuple[State, str] | None:
        """Where the order of this id stands, and what its customer was told; None for one that is not in the book."""
        row = self._database.execute("SELECT state, message FROM orders WHERE id = ?", (order,)).fetchone()
        return tuple(row) if row else None

    def begin(self, order: Order) -> None:
        """Before the first step that would have to be undone."""
        self._write(order, "pending")

    def create(self, order: Order, *, to_outbox: bool) -> None:
        with transaction(self._database):
            self._write(order, "created")
            if to_outbox:
                self._database.execute("INSERT INTO outbox (id) VALUES (?)", (order.id,))

    def reject(self, order: Order, message: str, *, to_undo: bool) -> None:
        self._write(order, "undoing" if to_undo else "rejected", message)

    def undone(self, order: Order) -> None:
        self._database.execute("UPDATE orders SET state = 'rejected' WHERE id = ?", (order.id,))

    def give_up_pending(self, message: str) -> None:
        """Those whose steps a former life was taking: nobody will take the next one."""
        self._database.execute("UPDATE orders SET state = 'undoing', message = ? WHERE state = 'pending'", (message,))

    def undoing(self) -> list[Order]:
        return self._orders("SELECT {} FROM orders WHERE state = 'undoing' ORDER BY number")

    def latest_created(self, most: int) -> list[Order]:
        return self._orders("SELECT {} FROM orders WHERE state = 'created' ORDER BY number DESC LIMIT ?", most)[::-1]

    def first_in_outbox(self) -> Order | None:
        found = self._orders("SELECT {} FROM orders JOIN outbox USING (id) ORDER BY outbox.number LIMIT 1")
        return found[0] if found else None

    def leave_outbox(self, order: Order) -> None:
        self._database.execute("DELETE FROM outbox WHERE id = ?", (order.id,))

    def _write(self, order: Order, state: State, message: str = "") -> None:
        self._database.execute(
            "INSERT INTO orders (id, product, quantity, customer, request, trace, state, message)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET state = excluded.state, message = excluded.message",
            (order.id, order.product, order.quantity, order.customer, order.request, order.trace, state, message),
        )

    def _orders(self, select: str, *values: object) -> list[Order]:
        rows = self._database.execute(select.format("id, product, quantity, customer, request, trace"), values).fetchall()
        return [
            Order(id=id_, product=product, quantity=quantity, customer=customer, request=request, trace=trace)
            for id_, product, quantity, customer, request, trace in rows
        ]
