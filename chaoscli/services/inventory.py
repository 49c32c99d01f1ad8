"""Inventory: what is in stock, and the one atomic step that takes something from it.

A reservation with an ``Idempotency-Key`` is made once, however often it is asked for, and can be released by that key. A
release that comes before its reservation makes the key void: what was late on its way must not take anything any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.diary import Diary
from chaoscli.services.fields import BadInputError, key_of
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import MOST_QUANTITY, query, reply, segments, unknown, whole_number
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import Seconds

STOCK_AT_START: Mapping[str, int] = {"BOOK-001": 100, "BOOK-002": 50, "BOOK-003": 0}
# (pieces, version): every change of the one is a change of the other.
_Shelf = tuple[int, int]
# Of those who look at once one can write in each round: more rounds than a pool has workers, and everybody has had a turn.
MOST_LOOKS = 50
PLACES = (
    "GET /api/inventory/check/{product}",
    "POST /api/inventory/reserve/{product}",
    "POST /api/inventory/release/{product}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySettings(Capacity):
    """How much of what there is when the shop opens for the first time, and how it is given away."""

    reserving: Literal["atomic", "versioned", "naive"] = setting(
        "how stock is taken: atomic looks and takes in one statement; naive looks, thinks, and writes what it makes the rest;"
        " versioned does so only if nobody wrote meanwhile, and looks again otherwise",
        "atomic",
    )
    thinking: Seconds = setting("what lies between looking and writing, where that is not one statement", 0.01)
    stock: Mapping[str, int] | None = setting("pieces of each product; none: 100 BOOK-001, 50 BOOK-002, 0 BOOK-003", None)

    def __post_init__(self) -> None:
        for product, pieces in (self.stock or {}).items():
            if not 0 <= pieces <= MOST_QUANTITY:
                raise BadSetting("stock", f"has {pieces} of '{product}'; a shelf holds from 0 to {MOST_QUANTITY}")


class Inventory(Service):
    """The stock is in its database, so that a killed inventory comes back with what was left."""

    parameters = ("quantity",)

    def __init__(self, node: Node, settings: InventorySettings) -> None:
        self._node = node
        self._settings = settings
        self._database = node.database("stock")
        self._diary = Diary(node, self._database)
        self._open_shop(STOCK_AT_START if settings.stock is None else settings.stock)

    async def handle(self, request: Request) -> Response:
        try:
            match request.method, segments(request):
                case "GET", ["api", "inventory", "check", product]:
                    return self._check(request, product)
                case "POST", ["api", "inventory", "reserve", product]:
                    return await self._reserve(request, product)
                case "POST", ["api", "inventory", "release", product]:
                    return self._release(request, product)
        except BadInputError as error:
            return error.reply()
        return unknown(request, PLACES)

    def _check(self, request: Request, product: str) -> Response:
        quantity = whole_number(query(request, "quantity", "1"))
        if quantity is None:
            return _answer(400, product, False, 0, "Quantity must be a whole number of at least 1")
        left = self._left(product)
        if left is None:
            return _answer(200, product, False, 0, "Product not found")
        available = left >= quantity
        return _answer(200, product, available, left, "In stock" if available else "Insufficient stock")

    async def _reserve(self, request: Request, product: str) -> Response:
        quantity = whole_number(query(request, "quantity", "1"))
        if quantity is None:
            return _answer(400, product, False, 0, "Quantity must be a whole number of at least 1")
        key = key_of(request)
        for _ in range(MOST_LOOKS):
            seen = await self._look(product)
            with self._diary.committing() as write:
                known = self._known(key)
                if known is not None:
                    return self._again(known, product, quantity)
                if self._settings.reserving == "versioned" and seen != self._shelf(product):
                    continue
                left = self._take(product, quantity, seen)
                if left is None:
                    return _answer(400, product, False, 0, "Cannot reserve - insufficient stock")
                if key is not None:
                    self._remember(key, product, quantity, "reserved")
                write("stock reserved", request, product=product, quantity=quantity, left=left, **_named(key))
            return _answer(200, product, True, left, "Reserved successfully")
        return reply(503, {"error": f"too many reserve {product} at once"})

    async def _look(self, product: str) -> _Shelf | None:
        """What a decision is made on that takes a while; an atomic one needs none."""
        if self._settings.reserving == "atomic":
            return None
        seen = self._shelf(product)
        await self._node.sleep(self._settings.thinking * self._node.slower_by)
        return seen

    def _shelf(self, product: str) -> _Shelf | None:
        row = self._database.execute("SELECT pieces, version FROM stock WHERE product = ?", (product,)).fetchone()
        return (int(row[0]), int(row[1])) if row else None

    def _take(self, product: str, quantity: int, seen: _Shelf | None) -> int | None:
        """What is left after it; None when there was not enough."""
        if self._settings.reserving == "naive":
            if seen is None or seen[0] < quantity:
                return None
            rest = seen[0] - quantity  # of what was there then: whoever came in between has taken from it for nothing
            self._database.execute("UPDATE stock SET pieces = ?, version = version + 1 WHERE product = ?", (rest, product))
            return rest
        # One statement: between looking and taking nobody else can come.
        row = self._database.execute(
            "UPDATE stock SET pieces = pieces - ?, version = version + 1 WHERE product = ? AND pieces >= ? RETURNING pieces",
            (quantity, product, quantity),
        ).fetchone()
        return int(row[0]) if row else None

    def _again(self, known: tuple[str, int, str], product: str, quantity: int) -> Response:
        """The answer to a reservation whose key is known."""
        if known[2] == "released":
            return _answer(400, product, False, 0, "Cannot reserve - the reservation was released")
        if known[:2] != (product, quantity):
            return reply(422, {"error": "this Idempotency-Key was used for another reservation"})
        return _answer(200, product, True, self._left(product) or 0, "Reserved successfully")

    def _release(self, request: Request, product: str) -> Response:
        """Put back what was reserved under the key; once, and for good."""
        key = key_of(request)
        if key is None:
            return reply(400, {"error": "a release needs the Idempotency-Key of its reservation"})
        with self._diary.committing() as write:
            known = self._known(key)
            if known is not None and known[0] != product:
                return reply(422, {"error": "this Idempotency-Key was used for another reservation"})
            held = known[1] if known is not None and known[2] == "reserved" else 0
            put_back = "UPDATE stock SET pieces = pieces + ?, version = version + 1 WHERE product = ?"
            self._database.execute(put_back, (held, product))
            self._remember(key, product, held, "released")
            left = self._left(product) or 0
            if held:
                write("stock released", request, product=product, quantity=held, left=left, key=key)
        return reply(200, {"productId": product, "released": held, "currentStock": left})

    def _known(self, key: str | None) -> tuple[str, int, str] | None:
        select = "SELECT product, quantity, state FROM reservations WHERE key = ?"
        row = self._database.execute(select, (key,)).fetchone()
        return tuple(row) if row else None

    def _remember(self, key: str, product: str, quantity: int, state: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?)", (key, product, quantity, state))

    def _left(self, product: str) -> int | None:
        row = self._database.execute("SELECT pieces FROM stock WHERE product = ?", (product,)).fetchone()
        return int(row[0]) if row else None

    def _open_shop(self, stock: Mapping[str, int]) -> None:
        """Fill the shelves, unless this is a shop that was open before."""
        database = self._database
        database.execute(
            "CREATE TABLE IF NOT EXISTS reservations"
            " (key TEXT PRIMARY KEY, product TEXT NOT NULL, quantity INTEGER NOT NULL, state TEXT NOT NULL)"
        )
        with transaction(database):
            database.execute(
                "CREATE TABLE IF NOT EXISTS stock"
                " (product TEXT PRIMARY KEY, pieces INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 0)"
            )
            if database.execute("SELECT 1 FROM stock").fetchone() is not None:
                return
            database.executemany("INSERT INTO stock (product, pieces) VALUES (?, ?)", stock.items())
        for product, pieces in stock.items():
            self._node.happened("stocked", product=product, quantity=pieces)


def _named(key: str | None) -> dict[str, Any]:
    return {"key": key} if key else {}


def _answer(status: int, product: str, available: bool, left: int, message: str) -> Response:
    value = {"productId": product, "available": available, "currentStock": left, "message": message}
    return reply(status, value)
