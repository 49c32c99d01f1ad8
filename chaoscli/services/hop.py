"""Hop: a service of no trade, for chains. It does its work, asks the next ones, or hands on through a broker.

Any path will do. ``?items=20`` says that a request brings twenty pieces of work; a hop told to call ``times: 20`` asks
twenty times for one piece, or, told to ``batch``, once for twenty. Told ``paths: {stock: /order}``, it leaves stock in peace
when the path begins otherwise. A ``registry`` among its callees keeps its name, and is never asked for work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import CallError, Headers, Request, Response, Result
from chaoscli.services.base import Service
from chaoscli.services.consumer import MOST_CONSUMERS, Consumer
from chaoscli.services.node import Node
from chaoscli.services.registrar import REGISTRY
from chaoscli.services.replies import json_value, passed_on, query, reply, whole_number
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting
from chaoscli.units import Bytes, format_size

# What one request may ask for: five seconds of a worker of the default speed.
MOST_ITEMS = 1000

# A caller takes eight times as much; a page of this size is a complaint.
MOST_PAYLOAD_BYTES = 1e6
# What a description is made of: words come again and again, as they do, so that it shrinks to a fifth or so when compressed.
_WORDS = (
    "a", "and", "bound", "by", "chapter", "cloth", "collected", "edition", "essays", "first", "from", "history", "in", "index",
    "letters", "maps", "new", "notes", "of", "on", "paper", "plates", "preface", "printed", "revised", "second", "selected",
    "story", "the", "translated", "volume", "with",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSettings(Capacity):
    """How it asks the next ones. ``publish`` and ``consume`` need the broker among the services it calls."""

    parallel: bool = setting("ask all the next ones at once; otherwise one after the other", False)
    times: int = setting("calls to each of the next ones for each request", 1, minimum=1)
    batch: bool = setting("make one call of all the `times`", False)
    items: int = setting("pieces of work in a request that does not say `?items=`", 1, minimum=1)
    paths: Mapping[str, str] | None = setting("for a callee not every request needs, how the paths begin that do", None)
    publish: str | None = setting("topic to hand each request on to, answering 202 at once", None)
    consume: str | None = setting("topic to work off", None)
    group: str | None = setting("its group of consumers, each of which gets every message; none: the usual one", None)
    payload: Bytes = setting("so many bytes of a catalogue's objects in each answer, for whoever may want them", 0.0)
    broker: str = setting("the broker's name", "broker")
    consumers: int = setting("messages worked off at once", 4, minimum=1)

    def __post_init__(self) -> None:
        for name, number in (("times", self.times), ("items", self.items)):
            if number > MOST_ITEMS:
                raise BadSetting(name, f"is {number}; one request may bring {MOST_ITEMS} pieces of work")
        for callee, path in (self.paths or {}).items():
            if not path.startswith("/"):
                raise BadSetting("paths", f"has '{path}' for {callee}; every path begins with '/'")
        if self.payload > MOST_PAYLOAD_BYTES:
            raise BadSetting("payload", f"is {format_size(self.payload)}; {format_size(MOST_PAYLOAD_BYTES)} at most")
        if self.consumers > MOST_CONSUMERS:
            raise BadSetting(
                "consumers", f"is {self.consumers}; each keeps a connection to the broker, so {MOST_CONSUMERS} at most"
            )


class _CalleeFailedError(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Hop(Service):
    """Answers 200 when all the next ones did, 202 when it handed on; 502 or 504 when one of them failed it."""

    def __init__(self, node: Node, settings: HopSettings) -> None:
        self._node = node
        self._settings = settings
        uses_broker = settings.publish is not None or settings.consume is not None
        others = {REGISTRY, settings.broker} if uses_broker else {REGISTRY}
        self._next = tuple(name for name in node.callees if name not in others)
        self._objects = {"objects": _objects(node, int(settings.payload))} if settings.payload else {}

    def cost(self, request: Request) -> float:
        items = self._items(request)
        return 1.0 if items is None else float(items)

    async def handle(self, request: Request) -> Response:
        if self._items(request) is None:
            return reply(400, {"error": f"items must be a whole number from 1 to {MOST_ITEMS}"})
        try:
            used = await self._ask_next(request)
            published = await self._publish(request)
        except _CalleeFailedError as error:
            return reply(error.status, {"service": self._node.name, "error": str(error)})
        if published is not None:
            return reply(202, {"service": self._node.name, "published": published}, passed_on(*used))
        return reply(200, {"service": self._node.name, "calls": len(used), **self._objects}, passed_on(*used))

    def _items(self, request: Request) -> int | None:
        """How many pieces of work the request asks for; None for a number that makes no sense."""
        text = query(request, "items")
        if not text:
            return self._settings.items
        items = whole_number(text)
        return items if items is not None and items <= MOST_ITEMS else None

    # -- the next ones -----------------------------------------------------------------------------------------------------

    async def _ask_next(self, request: Request) -> list[Response]:
        settings = self._settings
        each = 1 if settings.batch else settings.times
        target = f"{request.path}?items={settings.times}" if settings.batch else request.path
        needed = [callee for callee in self._next if request.path.startswith((settings.paths or {}).get(callee, "/"))]
        calls = [(callee, number) for callee in needed for number in range(1, each + 1)]
        if not settings.parallel:
            return [await self._ask(request, callee, target, number) for callee, number in calls]
        answers: dict[tuple[str, int], Response | _CalleeFailedError] = {}
        async with trio.open_nursery() as nursery:
            for callee, number in calls:
                nursery.start_soon(self._ask_into, answers, request, callee, target, number)
        for call in calls:
            answer = answers[call]
            if isinstance(answer, _CalleeFailedError):
                raise answer
        return [answer for call in calls if isinstance(answer := answers[call], Response)]

    async def _ask_into(
        self,
        answers: dict[tuple[str, int], Response | _CalleeFailedError],
        request: Request,
        callee: str,
        target: str,
        number: int,
    ) -> None:
        try:
            answers[callee, number] = await self._ask(request, callee, target, number)
        except _CalleeFailedError as error:
            answers[callee, number] = error

    async def _ask(self, request: Request, callee: str, target: str, number: int) -> Response:
        call = partial(self._node.call, callee, request.method, target, cause=request, number=number)
        return await _answered(callee, call(json=json_value(request.body)))

    # -- through the broker ------------------------------------------------------------------------------------------------

    async def _publish(self, request: Request) -> int | None:
        """The message's number, once the broker has it for good; None when there is no topic to publish to."""
        settings = self._settings
        if settings.publish is None:
            return None
        call = self._node.call(
            settings.broker, "POST", f"/topics/{quote(settings.publish, safe='')}", cause=request, json=_message(request)
        )
        said = json_value((await _answered(settings.broker, call)).body)
        return int(said["id"])

    async def run(self, workers: Workers) -> None:
        """Work off the topic, as many messages at once as there are consumers."""
        settings = self._settings
        if settings.consume is not None:
            consumer = Consumer(
                node=self._node, broker=settings.broker, topic=settings.consume, consumers=settings.consumers, read=_delivered,
                group=settings.group, tells="worked off",
            )  # fmt: skip
            await consumer.run(workers, self.cost, self.handle)


async def _answered(callee: str, call: Any) -> Response:
    """The callee's answer if it is a good one; otherwise what a gateway says of it (RFC 9110, 15.6.3 and 15.6.5)."""
    try:
        answer: Response = await call
    except CallError as error:
        status = 504 if error.result is Result.TIMEOUT else 502
        raise _CalleeFailedError(status, f"{callee}: {error.result.value}") from error
    if answer.status >= 400:
        raise _CalleeFailedError(502, f"{callee} answered {answer.status}")
    return answer


def _objects(node: Node, size: int) -> list[dict[str, Any]]:
    """About ``size`` bytes of JSON: books that nobody wrote, the same in every run."""
    dice, objects, left = node.random("payload"), list[dict[str, Any]](), size
    while left > 0:
        words = [dice.choice(_WORDS) for _ in range(30)]
        title, text = " ".join(words[:5]).title(), " ".join(words[5:])
        made = {"id": f"BOOK-{dice.randrange(10**6):06d}", "title": title, "price": dice.randrange(5, 60), "text": text}
        objects.append(made)
        left -= len(json.dumps(made, separators=(",", ":"))) + 1
    return objects


def _message(request: Request) -> dict[str, Any]:
    return {"method": request.method, "target": request.target, "json": json_value(request.body)}


def _delivered(headers: Headers, message: Any) -> Request:
    """The request that was published, as it reaches the consumer."""
    said = message if isinstance(message, dict) else {}
    return Request(method=str(said.get("method", "POST")), target=str(said.get("target", "/")), headers=headers)
