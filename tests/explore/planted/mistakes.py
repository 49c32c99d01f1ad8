"""Services that are ours but for one mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from chaoscli.messages import CallError, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.consumer import Consumer
from chaoscli.services.node import Node
from chaoscli.services.order import Order, _created, _RejectedError, _Saga
from chaoscli.services.replies import reply
from chaoscli.services.shipping import Shipping, _delivered
from chaoscli.services.work import Capacity, Handle, Workers
from chaoscli.settings import setting


class HastyOrder(Order):
    """Tells the broker of an order before it is written down; who dies in between has announced what never was."""

    async def _carry_out(self, saga: _Saga) -> Response:
        entry = saga.entry
        try:
            await self._take_steps(saga)
        except _RejectedError as rejected:
            await self._give_up(saga, str(rejected))
            return reply(400, {"message": str(rejected)})
        await self._tell_broker(entry)
        self._book.create(entry, to_outbox=False)
        facts = {"order": entry.id, "product": entry.product, "quantity": entry.quantity}
        self._node.happened("order created", saga.request, **facts)
        return _created(entry.id)


class _HastyConsumer(Consumer):
    async def _work_off(self, message: dict[str, Any], workers: Workers, cost: Any, handle: Handle) -> None:
        request = self.read(self._headers(message), message["message"])
        target = f"/topics/{quote(self.topic, safe='')}/ack/{message['id']}"
        try:
            await self.node.call(self.broker, "POST", target, cause=request)
        except CallError:
            return
        await workers.do(request, cost(request), handle)


class HastyShipping(Shipping):
    """Acknowledges a message before its work is done; who dies in between has it from nobody again."""

    async def run(self, workers: Workers) -> None:
        settings = self._settings
        consumer = _HastyConsumer(
            node=self._node, broker="broker", topic=settings.topic, consumers=settings.consumers, read=_delivered
        )
        await consumer.run(workers, self.cost, self.handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShySettings(Capacity):
    tries_again: bool = setting("let a call out once a second while it is open", True)


class Shy(Service):
    """Asks its one callee, and stops doing so after three failures in a row; whether it ever tries again is its setting."""

    def __init__(self, node: Node, settings: ShySettings) -> None:
        self._node = node
        self._tries_again = settings.tries_again
        self._failures = 0
        self._tried_at = 0.0

    async def handle(self, request: Request) -> Response:
        now = self._node.now()
        if self._failures >= 3 and not (self._tries_again and now >= self._tried_at + 1.0):
            return reply(503, {"error": "open"})
        self._tried_at = now
        try:
            await self._node.call(self._node.callees[0], "GET", "/work", cause=request)
        except CallError:
            self._failures += 1
            if self._failures == 3:
                self._node.happened("breaker opened", request)
            return reply(502, {"error": "no answer"})
        self._failures = 0
        return reply(200, {})
