"""A consumer: works off a topic of the broker at its service's own pace, and acknowledges after the work.

Whatever fails on the way, the message comes again and nothing is lost; so it may come twice, and what is done about that is
the service's decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import trio

from chaoscli.messages import ATTEMPT, CALLER, REQUEST_ID, SENT_AT, SERVED_AS, TRACE_PARENT, CallError, Headers, Request
from chaoscli.services.node import Node
from chaoscli.services.replies import json_value
from chaoscli.services.work import Handle, Workers

# Long enough that idle consumers cost next to nothing, short enough for a play of seconds to end in an orderly way.
LONGEST_POLL_S = 1.0
# After a failed lease; without it consumers would storm a broker that cannot be reached.
PAUSE_AFTER_FAILURE_S = 0.1
# As many idle connections as a caller keeps to one callee (ClientLimits.kept).
MOST_CONSUMERS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """``consumers`` messages at once, of those that are the ``group``'s to do; none: the broker's usual one. ``read`` makes the
    request to work on of the message's headers and its JSON; ``tells`` is the fact to tell of work done, for a service that
    tells none of its own."""

    node: Node
    broker: str
    topic: str
    consumers: int
    read: Callable[[Headers, Any], Request]
    group: str | None = None
    tells: str = ""

    async def run(self, workers: Workers, cost: Callable[[Request], float], handle: Handle) -> None:
        async with trio.open_nursery() as nursery:
            for number in range(1, self.consumers + 1):
                nursery.start_soon(self._consume, number, workers, cost, handle)

    async def _consume(self, number: int, workers: Workers, cost: Callable[[Request], float], handle: Handle) -> None:
        asked = 0
        while True:
            asked += 1
            message = await self._lease(f"{self.node.name}-{number}-lease-{asked}")
            if message is not None:
                await self._work_off(message, workers, cost, handle)

    async def _lease(self, name: str) -> dict[str, Any] | None:
        timeout_s = self.node.policy(self.broker).timeout
        wait_s = LONGEST_POLL_S if timeout_s is None else min(LONGEST_POLL_S, timeout_s / 2)
        cause = Request(method="POST", target="/", headers=((REQUEST_ID, name),))
        target = f"{self._topic}/lease?wait={wait_s:g}{self._of_group('&')}"
        try:
            answer = await self.node.call(self.broker, "POST", target, cause=cause)
        except CallError:
            await self.node.sleep(PAUSE_AFTER_FAILURE_S)
            return None
        if answer.status == 200 and not answer.header(SERVED_AS):  # a message remembered from before is no message
            return dict(json_value(answer.body))
        if answer.status != 204:
            await self.node.sleep(PAUSE_AFTER_FAILURE_S)
        return None

    async def _work_off(
        self, message: dict[str, Any], workers: Workers, cost: Callable[[Request], float], handle: Handle
    ) -> None:
        request = self.read(self._headers(message), message["message"])
        answer = await workers.do(request, cost(request), handle)
        if answer.status >= 400:
            return
        if self.tells:
            told = {"topic": self.topic, "message": message["id"], "deliveries": message["deliveries"]}
            self.node.happened(self.tells, request, **told)
        target = f"{self._topic}/ack/{message['id']}{self._of_group('?')}"
        try:
            await self.node.call(self.broker, "POST", target, cause=request)
        except CallError as error:
            self.node.note(f"message {message['id']} of {self.topic} is done but not acknowledged: {error}", "warning")

    def _of_group(self, mark: str) -> str:
        return f"{mark}group={quote(self.group, safe='')}" if self.group else ""

    @property
    def _topic(self) -> str:
        return f"/topics/{quote(self.topic, safe='')}"

    def _headers(self, message: dict[str, Any]) -> Headers:
        """As of the request that was published; a second delivery is its second attempt."""
        return (
            (REQUEST_ID, str(message["request"])),
            (TRACE_PARENT, str(message["traceparent"])),
            (CALLER, self.broker),
            (ATTEMPT, str(message["deliveries"])),
            (SENT_AT, str(message["sentAt"])),
        )
