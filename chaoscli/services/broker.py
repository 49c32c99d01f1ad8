"""Broker: topics whose messages are kept until somebody says that the work is done.

At-least-once: a message is leased, hidden for a while from others, and comes back unless it is acknowledged in time. A
publisher is answered after the commit, so that what was accepted survives the death of the broker. The terms are those of
Amazon SQS (visibility timeout, long polling), scaled to a play of seconds.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import REQUEST_ID, SENT_AT, TRACE_PARENT, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node
from chaoscli.services.replies import json_value, query, reply, segments, unknown, whole_number
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import Seconds

PLACES = ("POST /topics/{topic}", "POST /topics/{topic}/lease", "POST /topics/{topic}/ack/{message}")
# SQS waits 20 s at most as well; it keeps a consumer that has gone from being waited for much longer.
LONGEST_WAIT_S = 20.0
# Each topic costs a little memory for as long as the broker lives, and anybody can name one.
MOST_TOPICS = 1000
# What a killed broker may have accepted and not told; a node tells within milliseconds, which is far fewer messages.
TOLD_AGAIN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings(Capacity):
    """How long it waits for an acknowledgement, and how much it keeps."""

    service_time: Seconds = setting("how long accepting or acknowledging a message takes, on average", 0.001)
    visibility: Seconds = setting("a message that is not acknowledged for this long is delivered again", 2.0)
    depth: int = setting("messages that one topic keeps; more are answered 503", 10_000, minimum=1)

    def __post_init__(self) -> None:
        if self.visibility <= 0.0:
            raise BadSetting("visibility", "is 0; a message must stay hidden for a while, or everybody works on it at once")


class Broker(Service):
    """One table of messages; a row goes when its message is acknowledged."""

    def __init__(self, node: Node, settings: BrokerSettings) -> None:
        self._node = node
        self._settings = settings
        self._wanted: defaultdict[str, trio.lowlevel.ParkingLot] = defaultdict(trio.lowlevel.ParkingLot)
        self._database = node.database("messages")
        # `hidden_until` is on the host's monotonic clock, which a restart of the node does not touch.
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
            " request TEXT NOT NULL, trace TEXT NOT NULL, sent_at TEXT NOT NULL, body TEXT NOT NULL,"
            " hidden_until REAL NOT NULL DEFAULT 0, deliveries INTEGER NOT NULL DEFAULT 0)"
        )
        self._database.execute("CREATE INDEX IF NOT EXISTS by_topic ON messages (topic, id)")
        self._kept = Counter(dict(self._database.execute("SELECT topic, count(*) FROM messages GROUP BY topic").fetchall()))
        latest = "SELECT id, topic, request FROM messages ORDER BY id DESC LIMIT ?"
        for number, topic, name in self._database.execute(latest, (TOLD_AGAIN,)).fetchall()[::-1]:
            node.happened("message recovered", name, topic=topic, message=number)

    def cost(self, request: Request) -> float:
        """A lease only waits for a message; the work was in accepting it."""
        return 0.0 if request.path.endswith("/lease") else 1.0

    async def handle(self, request: Request) -> Response:
        place = segments(request)
        if len(place) > 1 and place[1] not in self._wanted and len(self._wanted) >= MOST_TOPICS:
            return reply(503, {"error": f"there are {MOST_TOPICS} topics already"})
        match request.method, place:
            case "POST", ["topics", topic]:
                return self._publish(request, topic)
            case "POST", ["topics", topic, "lease"]:
                return await self._lease(request, topic)
            case "POST", ["topics", topic, "ack", message]:
                return self._acknowledge(topic, message)
        return unknown(request, PLACES)

    def _publish(self, request: Request, topic: str) -> Response:
        message = json_value(request.body)
        if message is None and request.body.strip() != b"null":
            return reply(400, {"error": "a message must be JSON"})
        if self._kept[topic] >= self._settings.depth:
            return reply(503, {"error": f"{topic} is full: {self._settings.depth} messages wait"})
        trace, sent_at = request.header(TRACE_PARENT), request.header(SENT_AT)
        body = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        number = self._database.execute(
            "INSERT INTO messages (topic, request, trace, sent_at, body) VALUES (?, ?, ?, ?, ?)",
            (topic, request.header(REQUEST_ID), trace, sent_at, body),
        ).lastrowid
        self._kept[topic] += 1
        self._node.happened("published", request, topic=topic, message=number)
        self._wanted[topic].unpark()
        return reply(201, {"id": number})

    async def _lease(self, request: Request, topic: str) -> Response:
        """The oldest message that nobody works on, waiting ``wait`` seconds for one; 204 when none came."""
        until = self._node.now() + _wait_s(query(request, "wait", "0"))
        while True:
            message = self._deliver(topic)
            if message is not None:
                return reply(200, message)
            left_s = until - self._node.now()
            if left_s <= 0.0:
                return Response(status=204)
            with self._node.move_on_after(min(left_s, self._returns_in(topic))):
                await self._wanted[topic].park()

    def _deliver(self, topic: str) -> dict[str, Any] | None:
        now = self._node.now()
        row = self._database.execute(
            "UPDATE messages SET hidden_until = ?, deliveries = deliveries + 1"
            " WHERE id = (SELECT id FROM messages WHERE topic = ? AND hidden_until <= ? ORDER BY id LIMIT 1)"
            " RETURNING id, deliveries, request, trace, sent_at, body",
            (now + self._settings.visibility, topic, now),
        ).fetchone()
        if row is None:
            return None
        number, deliveries, name, trace, sent_at, body = row
        self._node.happened("delivered", name, topic=topic, message=number, deliveries=deliveries)
        return {
            "id": number, "deliveries": deliveries, "request": name, "traceparent": trace, "sentAt": sent_at,
            "message": json.loads(body),
        }  # fmt: skip

    def _returns_in(self, topic: str) -> float:
        """Seconds until the first leased message of the topic becomes visible again; for ever when none is out."""
        (at,) = self._database.execute("SELECT min(hidden_until) FROM messages WHERE topic = ?", (topic,)).fetchone()
        return math.inf if at is None else max(float(at) - self._node.now(), 0.0)

    def _acknowledge(self, topic: str, text: str) -> Response:
        """Once more for a message that is gone already is the same as once: a consumer may have missed our answer."""
        number = whole_number(text)
        row = self._database.execute(
            "DELETE FROM messages WHERE id = ? AND topic = ? RETURNING request, deliveries", (number, topic)
        ).fetchone()
        if row is not None:
            self._kept[topic] -= 1
            self._node.happened("acknowledged", row[0], topic=topic, message=number, deliveries=row[1])
        elif number is None or number > self._latest():
            return reply(404, {"error": f"{topic} never had a message {text}"})
        return reply(200, {"id": number, "acknowledged": True})

    def _latest(self) -> int:
        row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
        return int(row[0]) if row else 0


def _wait_s(text: str) -> float:
    try:
        wait_s = float(text)
    except ValueError:
        return 0.0
    return min(max(wait_s, 0.0), LONGEST_WAIT_S) if math.isfinite(wait_s) else 0.0
