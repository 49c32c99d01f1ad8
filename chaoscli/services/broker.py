"""Broker: topics whose messages are kept until every group of consumers has said that its work is done.

At-least-once: a message is leased, hidden for a while from others, and comes back unless it is acknowledged in time. One that
comes back too often is put aside. A publisher is answered after the commit, so that what was accepted survives the death of
the broker. The terms are those of Amazon SQS (visibility timeout, long polling, dead letters), scaled to a play of seconds;
groups are Kafka's.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import trio

from chaoscli.compact import compact
from chaoscli.faults.base import BadSetting
from chaoscli.messages import REQUEST_ID, RETRY_AFTER, SENT_AT, TRACE_PARENT, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.message_store import Message, MessageStore
from chaoscli.services.node import Node
from chaoscli.services.replies import json_value, query, reply, segments, unknown, whole_number
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = ("POST /topics/{topic}", "POST /topics/{topic}/lease", "POST /topics/{topic}/ack/{message}")
# SQS waits 20 s at most as well; it keeps a consumer that has gone from being waited for much longer.
LONGEST_WAIT_S = 20.0
# Each topic and each group costs a little memory for as long as the broker lives, and anybody can name one.
MOST_TOPICS = 1000
MOST_GROUPS = 100
# What a killed broker may have accepted and not told; a node tells within milliseconds, which is far fewer messages.
TOLD_AGAIN = 100
# Consumers that name no group are all of this one, and share the messages among them.
USUAL_GROUP = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings(Capacity):
    """How it hands messages out, how long it waits for an acknowledgement, and how much it keeps."""

    service_time: Seconds = setting("how long accepting or acknowledging a message takes, on average", 0.001)
    visibility: Seconds = setting("a message that is not acknowledged for this long is delivered again", 2.0)
    depth: int = setting("messages that one topic keeps; more are answered 503", 10_000, minimum=1)
    in_order: bool = setting("hand out no message before the one ahead of it is acknowledged, within a group", False)
    max_deliveries: int | None = setting(
        "a message that comes back after so many deliveries is put aside on the topic NAME.dead; none: it comes for ever",
        None,
        minimum=1,
    )

    def __post_init__(self) -> None:
        if self.visibility <= 0.0:
            raise BadSetting("visibility", "is 0; a message must stay hidden for a while, or everybody works on it at once")


class Broker(Service):
    """Who waits is known here; what is kept, and for whom, by its store."""

    parameters = ("group", "wait")

    def __init__(self, node: Node, settings: BrokerSettings) -> None:
        self._node = node
        self._settings = settings
        self._wanted: defaultdict[tuple[str, str], trio.lowlevel.ParkingLot] = defaultdict(trio.lowlevel.ParkingLot)
        self._topics: set[str] = set()
        self._store = MessageStore(node.database("messages"))
        for message in self._store.latest(TOLD_AGAIN):
            node.happened("message recovered", message.request, topic=message.topic, message=message.number)

    def cost(self, request: Request) -> float:
        """A lease only waits for a message; the work was in accepting it."""
        return 0.0 if request.path.endswith("/lease") else 1.0

    async def handle(self, request: Request) -> Response:
        group = query(request, "group") or USUAL_GROUP
        match request.method, segments(request):
            case "POST", ["topics", topic]:
                return self._no_room(topic) or self._publish(request, topic)
            case "POST", ["topics", topic, "lease"]:
                return self._no_room(topic, group) or await self._lease(request, topic, group)
            case "POST", ["topics", topic, "ack", message]:
                return self._no_room(topic, group) or self._acknowledge(topic, group, message)
        return unknown(request, PLACES)

    def _no_room(self, topic: str, group: str = "") -> Response | None:
        """Names are bounded in number, or whoever makes them up fills the memory. A new group joins the topic."""
        if topic not in self._topics and len(self._topics) >= MOST_TOPICS:
            return reply(503, {"error": f"there are {MOST_TOPICS} topics already"})
        self._topics.add(topic)
        if group and group not in self._store.groups(topic):
            if len(self._store.groups(topic)) >= MOST_GROUPS:
                return reply(503, {"error": f"{topic} has {MOST_GROUPS} groups already"})
            self._store.join(topic, group)
            if group != USUAL_GROUP:
                self._node.happened("group joined", topic=topic, group=group)
        return None

    # -- publishing --------------------------------------------------------------------------------------------------------

    def _publish(self, request: Request, topic: str) -> Response:
        message = json_value(request.body)
        if message is None and request.body.strip() != b"null":
            return reply(400, {"error": "a message must be JSON"})
        if self._store.kept(topic) >= self._settings.depth:
            return self._full(topic)
        number = self._store.keep(
            Message(
                topic=topic,
                request=request.header(REQUEST_ID),
                trace=request.header(TRACE_PARENT),
                sent_at=request.header(SENT_AT),
                body=compact(message),
            )
        )
        self._node.happened("published", request, topic=topic, message=number)
        self._wake(topic)
        return reply(201, {"id": number})

    def _full(self, topic: str) -> Response:
        """Back-pressure: whoever makes work faster than it is done is told so, and may be told when to come back."""
        after_s = self._settings.retry_after
        headers = ((RETRY_AFTER, str(math.ceil(after_s))),) if after_s is not None else ()
        return reply(503, {"error": f"{topic} is full: {self._settings.depth} messages wait"}, headers)

    def _wake(self, topic: str) -> None:
        for group in self._store.groups(topic):
            self._wanted[topic, group].unpark()

    # -- handing out -------------------------------------------------------------------------------------------------------

    async def _lease(self, request: Request, topic: str, group: str) -> Response:
        """The oldest message that nobody works on, waiting ``wait`` seconds for one; 204 when none came."""
        until = self._node.now() + _wait_s(query(request, "wait", "0"))
        while True:
            message = self._deliver(topic, group)
            if message is not None:
                return reply(200, message)
            left_s = until - self._node.now()
            if left_s <= 0.0:
                return Response(status=204)
            with self._node.move_on_after(min(left_s, self._returns_in(topic, group))):
                await self._wanted[topic, group].park()

    def _deliver(self, topic: str, group: str) -> dict[str, Any] | None:
        self._put_aside(topic, group)
        now, in_order = self._node.now(), self._settings.in_order
        leased = self._store.lease(topic, group, now=now, until=now + self._settings.visibility, in_order=in_order)
        if leased is None:
            return None
        message, deliveries = leased
        self._tell("delivered", message, group, deliveries=deliveries)
        return {
            "id": message.number,
            "deliveries": deliveries,
            "request": message.request,
            "traceparent": message.trace,
            "sentAt": message.sent_at,
            "message": json.loads(message.body),
        }

    def _put_aside(self, topic: str, group: str) -> None:
        """What came back too often; as long as there is room for it, for nothing that was accepted may be lost."""
        most, aside = self._settings.max_deliveries, dead_letters_of(topic)
        if most is None or topic.endswith(_DEAD):
            return
        for message, deliveries in self._store.failed(topic, group, now=self._node.now(), deliveries=most):
            if self._store.kept(aside) >= self._settings.depth:
                return
            number = self._store.move(message, group, aside)
            self._tell("dead letter", message, group, deliveries=deliveries, aside=number)
            self._wake(aside)

    def _returns_in(self, topic: str, group: str) -> float:
        """Seconds until a leased message of the group becomes visible again; for ever when none is out."""
        at = self._store.returns_at(topic, group, in_order=self._settings.in_order)
        return math.inf if at is None else max(at - self._node.now(), 0.0)

    # -- done with ---------------------------------------------------------------------------------------------------------

    def _acknowledge(self, topic: str, group: str, text: str) -> Response:
        """Once more for a message that is gone already is the same as once: a consumer may have missed our answer."""
        number = whole_number(text)
        if number is None or number > self._store.highest:
            return reply(404, {"error": f"{topic} never had a message {text}"})
        done = self._store.acknowledge(topic, group, number)
        if done is not None:
            self._tell("acknowledged", done[0], group, deliveries=done[1])
            if self._settings.in_order:
                self._wanted[topic, group].unpark()
        return reply(200, {"id": number, "acknowledged": True})

    def _tell(self, what: str, message: Message, group: str, **more: int) -> None:
        named = {"group": group} if group != USUAL_GROUP else {}
        self._node.happened(what, message.request, topic=message.topic, message=message.number, **more, **named)


_DEAD = ".dead"


def dead_letters_of(topic: str) -> str:
    """Where the topic's messages go that nobody could work off."""
    return f"{topic}{_DEAD}"


def _wait_s(text: str) -> float:
    try:
        wait_s = float(text)
    except ValueError:
        return 0.0
    return min(max(wait_s, 0.0), LONGEST_WAIT_S) if math.isfinite(wait_s) else 0.0
