"""Replica: one copy of a store of keys and values, which any client may ask to read and to write.

Writes go through the group's primary, whoever was asked. For its clients it tells what each of them asked and was answered, so
that the history of a store can be judged as its users saw it. 504 says that nobody knows the outcome: it may have been had.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from itertools import count
from typing import Any

from chaoscli.compact import compact
from chaoscli.messages import ATTEMPT, REQUEST_ID, TRACE_PARENT, CallError, Request, Response, Result
from chaoscli.services.base import Service
from chaoscli.services.fields import LONGEST_TEXT, BadInputError
from chaoscli.services.node import Node
from chaoscli.services.replica_log import Entry, ReplicaLog
from chaoscli.services.replica_member import Member, ReplicaSettings, Taken
from chaoscli.services.replies import json_object, json_value, query, reply, segments, unknown
from chaoscli.services.work import Workers

PLACES = ("GET /store/{key}", "PUT /store/{key}", "GET /replica")
# Clients whose last write is remembered for sticky reads; whoever was forgotten is a client that wrote nothing.
MOST_CLIENTS = 10_000
# What members say to each other, and of which types.
_SHAPES: Mapping[str, Mapping[str, type]] = {
    "append": {"term": int, "primary": str, "before": int, "before_term": int, "entries": list, "committed": int},
    "vote": {"term": int, "candidate": str, "last": int, "last_term": int, "trial": bool},
    "write": {"operation": str, "key": str, "value": str},
    "read": {"key": str},
}
_ENTRY: Mapping[str, type] = {"term": int, "operation": str, "key": str, "value": str, "request": str, "trace": str}
_STATUSES = {"ok": 200, "failed": 503, "unknown": 504}


class Replica(Service):
    """Its peers are all it calls."""

    parameters = ("client",)

    def __init__(self, node: Node, settings: ReplicaSettings) -> None:
        self._node = node
        self._settings = settings
        self._log = ReplicaLog(node.database("log"))
        self._member = Member(node, settings, self._log)
        self._written: OrderedDict[str, int] = OrderedDict()
        self._unnamed = count(1)

    def cost(self, request: Request) -> float:
        """What members say to each other in the background is no work of a client's."""
        return 0.0 if request.path in ("/replica/append", "/replica/vote") else 1.0

    async def run(self, workers: Workers) -> None:
        await self._member.run()

    async def handle(self, request: Request) -> Response:
        try:
            match request.method, segments(request):
                case "GET", ["store", key]:
                    return await self._read(request, _named(key))
                case "PUT", ["store", key]:
                    return await self._write(request, _named(key))
                case "GET", ["replica"]:
                    member, log = self._member, self._log
                    state = {"primary": member.primary or None, "term": log.term, "last": log.last, "visible": member.visible}
                    return reply(200, state)
                case "POST", ["replica", what] if what in _SHAPES:
                    return await self._answer_peer(request, what, _checked(json_object(request), _SHAPES[what]))
        except BadInputError as error:
            return error.reply()
        return unknown(request, PLACES)

    async def _answer_peer(self, request: Request, what: str, said: dict[str, Any]) -> Response:
        match what:
            case "append":
                for entry in said["entries"]:
                    _checked(entry, _ENTRY)
                return reply(200, self._member.appended(said, request))
            case "vote":
                return reply(200, self._member.asked_to_vote(said))
            case "write":
                taken = await self._member.write(self._entry(request, said["operation"], said["key"], said["value"]))
                return reply(200, {"outcome": taken.outcome, "number": taken.number, "why": taken.why})
        number = await self._seen_by_primary()
        return reply(200, {"seen": number is not None, "value": _value(self._log.value(said["key"], number or 0))})

    # -- a client's write ----------------------------------------------------------------------------------------------------

    async def _write(self, request: Request, key: str) -> Response:
        value = json_value(request.body)
        if value is None:
            raise BadInputError("a value must be JSON, and not null")
        operation, client = self._names(request)
        self._tell("write invoked", request, operation=operation, client=client, key=key, value=value)
        entry = self._entry(request, operation, key, compact(value))
        taken = await (self._member.write(entry) if self._member.is_primary else self._forwarded(request, entry))
        self._tell("write returned", request, operation=operation, outcome=taken.outcome)
        if taken.outcome != "ok":
            return reply(_STATUSES[taken.outcome], {"key": key, "error": taken.why})
        self._remember(client, taken.number)
        return reply(200, {"key": key, "value": value, "number": taken.number})

    async def _forwarded(self, request: Request, entry: Entry) -> Taken:
        primary = self._member.primary
        if not primary:
            return Taken(outcome="failed", why="no primary is known")
        said = {"operation": entry.operation, "key": entry.key, "value": entry.value}
        try:
            answer = await self._node.call(primary, "POST", "/replica/write", json=said, cause=request)
        except CallError as error:
            return Taken(
                outcome="failed" if error.result is Result.REFUSED else "unknown", why=f"{primary}: {error.result.value}"
            )
        body = json_value(answer.body)
        if answer.status != 200 or not isinstance(body, dict):
            # Turned away at the door, it had no effect; of anything else, nobody knows.
            return Taken(outcome="failed" if answer.status == 503 else "unknown", why=f"{primary} answered {answer.status}")
        return Taken(outcome=body["outcome"], number=body["number"], why=body["why"])

    def _entry(self, request: Request, operation: str, key: str, value: str) -> Entry:
        name, trace = request.header(REQUEST_ID), request.header(TRACE_PARENT)
        return Entry(term=self._log.term, operation=operation, key=key, value=value, request=name, trace=trace)

    def _remember(self, client: str, number: int) -> None:
        self._written[client] = max(number, self._written.pop(client, 0))
        if len(self._written) > MOST_CLIENTS:
            self._written.popitem(last=False)

    # -- a client's read -----------------------------------------------------------------------------------------------------

    async def _read(self, request: Request, key: str) -> Response:
        operation, client = self._names(request)
        self._tell("read invoked", request, operation=operation, client=client, key=key)
        found = await self._found(request, client, key)
        if found is None:
            self._tell("read returned", request, operation=operation, outcome="failed")
            return reply(503, {"key": key, "error": "nobody can answer for all"})
        self._tell("read returned", request, operation=operation, outcome="ok", value=found["value"])
        return reply(200, {"key": key, "value": found["value"]})

    async def _found(self, request: Request, client: str, key: str) -> dict[str, Any] | None:
        """``{"value": ...}`` as the setting wants it read, or None when it cannot be."""
        reads, member = self._settings.reads, self._member
        if reads == "sticky" and not await member.wait_for(self._written.get(client, 0)):
            return None
        if reads in ("local", "sticky"):
            return {"value": _value(self._log.value(key, member.visible))}
        if not member.is_primary:
            return await self._asked_for(request, key)
        number = await self._seen_by_primary()
        return None if number is None else {"value": _value(self._log.value(key, number))}

    async def _asked_for(self, request: Request, key: str) -> dict[str, Any] | None:
        """What the primary says."""
        if not self._member.primary:
            return None
        try:
            answer = await self._node.call(self._member.primary, "POST", "/replica/read", json={"key": key}, cause=request)
        except CallError:
            return None
        body = json_value(answer.body)
        return body if answer.status == 200 and isinstance(body, dict) and body.get("seen") else None

    async def _seen_by_primary(self) -> int | None:
        """Up to which entry a reader sees; None when this is not the primary, or no majority says that it still is."""
        if self._settings.reads == "quorum":
            return await self._member.confirm()
        return self._member.visible if self._member.is_primary else None

    # -- what is told --------------------------------------------------------------------------------------------------------

    def _names(self, request: Request) -> tuple[str, str]:
        """Of the operation, the same however often an attempt is handled, and of the client, whose session it belongs to."""
        name = request.header(REQUEST_ID) or f"{self._node.name}-{next(self._unnamed)}"
        client = query(request, "client") or name
        if len(client) > LONGEST_TEXT:
            raise BadInputError(f"a client has at most {LONGEST_TEXT} characters")
        return f"{name}/{request.header(ATTEMPT, '1')}", client

    def _tell(self, what: str, request: Request, **data: Any) -> None:
        self._node.happened(what, request, **data)


def _named(key: str) -> str:
    if len(key) > LONGEST_TEXT:
        raise BadInputError(f"a key has at most {LONGEST_TEXT} characters")
    return key


def _value(entry: Entry | None) -> Any:
    return None if entry is None else json.loads(entry.value)


def _checked(said: dict[str, Any] | None, shape: Mapping[str, type]) -> dict[str, Any]:
    if not isinstance(said, dict) or said.keys() != shape.keys() or any(type(said[name]) is not shape[name] for name in shape):
        raise BadInputError(f"members say {', '.join(shape)}, each of its type")
    return said
