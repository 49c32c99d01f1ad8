"""Inventory: what is in stock, and the one atomic step that takes something from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import MOST_QUANTITY, query, reply, segments, unknown, whole_number
from chaoscli.services.work import Capacity
from chaoscli.settings import setting

STOCK_AT_START: Mapping[str, int] = {"BOOK-001": 100, "BOOK-002": 50, "BOOK-003": 0}
PLACES = ("GET /api/inventory/check/{product}", "POST /api/inventory/reserve/{product}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySettings(Capacity):
    """How much of what there is, when the shop opens for the first time."""

    stock: Mapping[str, int] | None = setting("pieces of each product; none: 100 BOOK-001, 50 BOOK-002, 0 BOOK-003", None)

    def __post_init__(self) -> None:
        for product, pieces in (self.stock or {}).items():
            if not 0 <= pieces <= MOST_QUANTITY:
                raise BadSetting("stock", f"has {pieces} of '{product}'; a shelf holds from 0 to {MOST_QUANTITY}")


class Inventory(Service):
    """The stock is in its database, so that a killed inventory comes back with what was left."""

    def __init__(self, node: Node, settings: InventorySettings) -> None:
        self._node = node
        self._database = node.database("stock")
        self._open_shop(STOCK_AT_START if settings.stock is None else settings.stock)

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["api", "inventory", "check", product]:
                return self._check(request, product)
            case "POST", ["api", "inventory", "reserve", product]:
                return self._reserve(request, product)
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

    def _reserve(self, request: Request, product: str) -> Response:
        quantity = whole_number(query(request, "quantity", "1"))
        if quantity is None:
            return _answer(400, product, False, 0, "Quantity must be a whole number of at least 1")
        # One statement: between looking and taking nobody else can come.
        row = self._database.execute(
            "UPDATE stock SET pieces = pieces - ? WHERE product = ? AND pieces >= ? RETURNING pieces",
            (quantity, product, quantity),
        ).fetchone()
        if row is None:
            return _answer(400, product, False, 0, "Cannot reserve - insufficient stock")
        self._node.happened("stock reserved", request, product=product, quantity=quantity, left=row[0])
        return _answer(200, product, True, row[0], "Reserved successfully")

    def _left(self, product: str) -> int | None:
        row = self._database.execute("SELECT pieces FROM stock WHERE product = ?", (product,)).fetchone()
        return int(row[0]) if row else None

    def _open_shop(self, stock: Mapping[str, int]) -> None:
        """Fill the shelves, unless this is a shop that was open before."""
        database = self._database
        with transaction(database):
            database.execute("CREATE TABLE IF NOT EXISTS stock (product TEXT PRIMARY KEY, pieces INTEGER NOT NULL)")
            if database.execute("SELECT 1 FROM stock").fetchone() is not None:
                return
            database.executemany("INSERT INTO stock VALUES (?, ?)", stock.items())
        for product, pieces in stock.items():
            self._node.happened("stocked", product=product, quantity=pieces)


def _answer(status: int, product: str, available: bool, left: int, message: str) -> Response:
    value = {"productId": product, "available": available, "currentStock": left, "message": message}
    return reply(status, value)
