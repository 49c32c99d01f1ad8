"""Participant: holds amounts of things, and takes from them for transactions that others take part in as well.

One that has voted yes cannot know the outcome until it is told: it keeps what it voted for locked, also through its own death,
and everybody else who wants the same thing waits. That is being in doubt, and no participant can end it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.fields import LONGEST_TEXT, BadInputError, Fields
from chaoscli.services.node import Node, transaction
from chaoscli.services.replies import MOST_QUANTITY, query, reply, segments, unknown, whole_number
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = (
    "POST /transactions/{transaction}/prepare",
    "POST /transactions/{transaction}/commit",
    "POST /transactions/{transaction}/abort",
    "POST /transactions/{transaction}/take",
    "POST /things/{thing}/take",
    "GET /things/{thing}",
)
# prepared: voted yes, and in doubt. taken: done. void: over, and whatever comes late for it is refused.
State = Literal["prepared", "taken", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantSettings(Capacity):
    """What there is, and how long one waits for what another has locked."""

    service_time: Seconds = setting("how long a vote or a taking takes, on average", 0.002)
    holds: Mapping[str, int] | None = setting("how much there is of each thing, by its name; none: 1000 of `thing`", None)
    lock_wait: Seconds = setting("how long to wait for what is locked, until the answer is no", 0.3)

    def __post_init__(self) -> None:
        for thing, amount in (self.holds or {}).items():
            if not 0 <= amount <= MOST_QUANTITY:
                raise BadSetting("holds", f"has {amount} of '{thing}'; it may be from 0 to {MOST_QUANTITY}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one transaction wants here, and where that stands."""

    thing: str
    quantity: int
    state: State


class Participant(Service):
    """What it holds and what it promised are rows of its database; who waits is not."""

    parameters = ("quantity",)

    def __init__(self, node: Node, settings: ParticipantSettings) -> None:
        self._node = node
        self._settings = settings
        self._database = node.database("things")
        self._freed = trio.lowlevel.ParkingLot()
        self._open(settings.holds or {"thing": 1000})
        for name, thing, quantity in self._in_doubt():
            node.happened("in doubt again", transaction=name, thing=thing, quantity=quantity)

    async def handle(self, request: Request) -> Response:
        try:
            match request.method, segments(request):
                case "POST", ["transactions", name, what] if len(name) <= LONGEST_TEXT:
                    return await self._take_part(request, name, what)
                case "POST", ["things", thing, "take"]:
                    return await self._walk_in(request, thing)
                case "GET", ["things", thing]:
                    return reply(200, {"thing": thing, "left": self._left(thing), "lockedBy": self._locker(thing)})
        except BadInputError as error:
            return error.reply()
        return unknown(request, PLACES)

    async def _take_part(self, request: Request, name: str, what: str) -> Response:
        match what:
            case "prepare" | "take":
                said = Fields(request, "thing", "quantity")
                wanted = _Part(
                    thing=said.text("thing"),
                    quantity=said.quantity("quantity"),
                    state="prepared" if what == "prepare" else "taken",
                )
                return _vote(await self._want(request, name, wanted))
            case "commit":
                return _vote(self._commit(request, name))
            case "abort":
                return _vote(self._abort(request, name))
        return unknown(request, PLACES)

    # -- its part of a transaction -------------------------------------------------------------------------------------------

    async def _want(self, request: Request, name: str, wanted: _Part) -> bool:
        """Whether the transaction may count on it. Asked twice it is the same as once."""
        if not await self._unlocked(wanted.thing, name):
            return False
        with transaction(self._database):
            known = self._part(name)
            if known is not None:
                return known == wanted
            left = self._left(wanted.thing)
            if left is None or left < wanted.quantity:
                return False
            self._write(name, wanted)
            if wanted.state == "taken":
                self._change(wanted.thing, -wanted.quantity)
        self._tell("prepared" if wanted.state == "prepared" else "taken", request, name, wanted)
        return True

    def _commit(self, request: Request, name: str) -> bool:
        with transaction(self._database):
            part = self._part(name)
            if part is None or part.state == "void":
                return False
            if part.state == "taken":
                return True
            self._change(part.thing, -part.quantity)
            self._write(name, _Part(thing=part.thing, quantity=part.quantity, state="taken"))
        self._tell("taken", request, name, part)
        self._freed.unpark_all()
        return True

    def _abort(self, request: Request, name: str) -> bool:
        """Let go of what was promised, and give back what was taken; what has not come yet will come for nothing."""
        with transaction(self._database):
            part = self._part(name)
            if part is not None and part.state == "taken":
                self._change(part.thing, part.quantity)
            gone = part or _Part(thing="", quantity=0, state="void")
            self._write(name, _Part(thing=gone.thing, quantity=gone.quantity, state="void"))
        if part is not None and part.state != "void":
            self._tell("given back" if part.state == "taken" else "let go", request, name, part)
        self._freed.unpark_all()
        return True

    # -- somebody who takes part in nothing ----------------------------------------------------------------------------------

    async def _walk_in(self, request: Request, thing: str) -> Response:
        quantity = whole_number(query(request, "quantity", "1"))
        if quantity is None or self._left(thing) is None:
            raise BadInputError("a known thing, and a quantity of at least 1")
        if not await self._unlocked(thing, ""):
            return reply(503, {"thing": thing, "error": "locked by a transaction in doubt", "lockedBy": self._locker(thing)})
        with transaction(self._database):
            left = self._left(thing) or 0
            if left < quantity:
                return reply(409, {"thing": thing, "left": left})
            self._change(thing, -quantity)
        return reply(200, {"thing": thing, "left": left - quantity})

    # -- locks ---------------------------------------------------------------------------------------------------------------

    async def _unlocked(self, thing: str, name: str) -> bool:
        """Whether nobody else has it locked, before long."""
        until = self._node.now() + self._settings.lock_wait
        while self._locker(thing) not in (None, name):
            left_s = until - self._node.now()
            if left_s <= 0.0:
                return False
            with self._node.move_on_after(left_s):
                await self._freed.park()
        return True

    def _locker(self, thing: str) -> str | None:
        """The transaction in doubt that has it."""
        select = "SELECT name FROM parts WHERE thing = ? AND state = 'prepared'"
        row = self._database.execute(select, (thing,)).fetchone()
        return str(row[0]) if row else None

    # -- the database --------------------------------------------------------------------------------------------------------

    def _part(self, name: str) -> _Part | None:
        row = self._database.execute("SELECT thing, quantity, state FROM parts WHERE name = ?", (name,)).fetchone()
        return _Part(thing=row[0], quantity=row[1], state=row[2]) if row else None

    def _write(self, name: str, part: _Part) -> None:
        row = (name, part.thing, part.quantity, part.state)
        self._database.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", row)

    def _in_doubt(self) -> list[tuple[str, str, int]]:
        select = "SELECT name, thing, quantity FROM parts WHERE state = 'prepared' ORDER BY name"
        return [(str(name), str(thing), int(quantity)) for name, thing, quantity in self._database.execute(select).fetchall()]

    def _left(self, thing: str) -> int | None:
        row = self._database.execute("SELECT amount FROM things WHERE thing = ?", (thing,)).fetchone()
        return int(row[0]) if row else None

    def _change(self, thing: str, by: int) -> None:
        self._database.execute("UPDATE things SET amount = amount + ? WHERE thing = ?", (by, thing))

    def _open(self, holds: Mapping[str, int]) -> None:
        database = self._database
        with transaction(database):
            database.execute("CREATE TABLE IF NOT EXISTS things (thing TEXT PRIMARY KEY, amount INTEGER NOT NULL)")
            database.execute(
                "CREATE TABLE IF NOT EXISTS parts"
                " (name TEXT PRIMARY KEY, thing TEXT NOT NULL, quantity INTEGER NOT NULL, state TEXT NOT NULL)"
            )
            database.execute("CREATE INDEX IF NOT EXISTS by_thing ON parts (thing, state)")
            if database.execute("SELECT 1 FROM things").fetchone() is None:
                database.executemany("INSERT INTO things VALUES (?, ?)", holds.items())

    def _tell(self, what: str, request: Request, name: str, part: _Part, **more: Any) -> None:
        self._node.happened(what, request, transaction=name, thing=part.thing, quantity=part.quantity, **more)


def _vote(yes: bool) -> Response:
    return reply(200, {"yes": yes})
