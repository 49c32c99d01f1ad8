"""Nodes as they run in a process of their own, but for the process: real sockets, the real wire, one channel each."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from chaoscli.errors import NotMadeError
from chaoscli.event_lines import from_fields
from chaoscli.events import Answered, Arrived, Event, Noted
from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.net.channel import Channel, Line
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.tcp import dial, listen
from chaoscli.services.inventory import Inventory
from chaoscli.services.process import run


class Troupe:
    """Nodes of one test, each at the other end of a channel."""

    def __init__(self, nursery: trio.Nursery, folder: Path) -> None:
        self.events: list[Event] = []
        self.addresses: dict[str, tuple[str, int]] = {}
        self.channels: dict[str, Channel] = {}
        self.owners: dict[str, trio.CancelScope] = {}
        self.ended: dict[str, trio.Event] = {}
        self.transport = HttpTransport(self.addresses)
        self._nursery = nursery
        self._folder = folder

    async def start(self, name: str, kind: str, *, port: int = 0, calls: tuple[str, ...] = (), **settings: Any) -> Channel:
        """The node's channel, before it was asked for its address."""
        node = {"name": name, "kind": kind, "settings": settings, "calls": {callee: {} for callee in calls}, "port": port}
        neighbours = {callee: list(self.addresses[callee]) for callee in calls}
        ours, theirs = socket.socketpair()
        self.channels[name] = Channel(ours, name)
        self.owners[name] = trio.CancelScope()
        self.ended[name] = trio.Event()
        part = {"seed": 7, "node": node, "neighbours": neighbours, "folder": str(self._folder)}
        self._nursery.start_soon(self._play, name, Channel(theirs, name), part)
        self._nursery.start_soon(self._own, name)
        return self.channels[name]

    async def open(self, name: str, kind: str, **more: Any) -> tuple[str, int]:
        channel = await self.start(name, kind, **more)
        host, port = (await channel.ask("address"))["address"]
        self.addresses[name] = (host, port)
        return host, port

    async def ask(self, name: str, method: str, target: str, body: bytes = b"") -> Response:
        return await self.transport.exchange(name, Request(method=method, target=target, body=body))

    async def _play(self, name: str, channel: Channel, part: Mapping[str, Any]) -> None:
        await run(channel, part)
        self.ended[name].set()

    async def _own(self, name: str) -> None:
        with self.owners[name]:
            await self.channels[name].run(self._nothing, self._told)

    async def _nothing(self, question: Line) -> None:
        raise AssertionError(f"a node asks nothing: {question}")

    def _told(self, line: Line) -> None:
        event = from_fields(line)
        assert event is not None
        self.events.append(event)


@asynccontextmanager
async def troupe(folder: Path) -> AsyncIterator[Troupe]:
    async with trio.open_nursery() as nursery:
        troupe = Troupe(nursery, folder)
        yield troupe
        await troupe.transport.aclose()
        nursery.cancel_scope.cancel()


async def on_the_wire(address: tuple[str, int], text: str) -> str:
    """Every byte of the answer, as curl -i shows it."""
    back = b""
    async with await dial(*address) as stream:
        await stream.send_all(text.encode())
        await stream.send_eof()
        while data := await stream.receive_some():
            back += data
    return back.decode()


def http(status: str, body: str) -> str:
    return f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"


ORDER = '{"productId":"BOOK-001","quantity":2,"customerId":"CUST-1"}'
NOTHING = '{"productId":"BOOK-003","quantity":1,"customerId":"CUST-1"}'


def post(path: str, body: str = "") -> str:
    return f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"


async def test_the_shop_answers_byte_for_byte_as_promised(tmp_path: Path) -> None:
    async with troupe(tmp_path) as nodes:
        inventory = await nodes.open("inventory", "inventory")
        order = await nodes.open("order", "order", calls=("inventory",))
        answers = [
            await on_the_wire(inventory, "GET /api/inventory/check/BOOK-001?quantity=1 HTTP/1.1\r\nhost: a\r\n\r\n"),
            await on_the_wire(inventory, post("/api/inventory/reserve/BOOK-001?quantity=2")),
            await on_the_wire(order, post("/api/orders", ORDER)),
            await on_the_wire(order, post("/api/orders", NOTHING)),
            await on_the_wire(order, "GET /actuator/health HTTP/1.1\r\nhost: a\r\n\r\n"),
            await on_the_wire(inventory, "GET /api/inventory/check/BOOK-001 HTTP/1.1\r\nhost: a\r\n\r\n"),
        ]
    answers[2] = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "x" * 36, answers[2])
    assert answers == [
        http("200 OK", '{"productId":"BOOK-001","available":true,"currentStock":100,"message":"In stock"}'),
        http("200 OK", '{"productId":"BOOK-001","available":true,"currentStock":98,"message":"Reserved successfully"}'),
        http("200 OK", f'{{"orderId":"{"x" * 36}","status":"CREATED","message":"Order created successfully"}}'),
        http("400 Bad Request", '{"orderId":null,"status":"REJECTED","message":"Product not available: Insufficient stock"}'),
        http("200 OK", '{"status":"UP"}'),
        http("200 OK", '{"productId":"BOOK-001","available":true,"currentStock":96,"message":"In stock"}'),
    ]


async def test_an_inventory_nobody_can_reach_is_unavailable_to_a_customer(tmp_path: Path) -> None:
    listener = await listen()
    async with troupe(tmp_path) as nodes:
        nodes.addresses["inventory"] = listener.socket.getsockname()
        await listener.aclose()
        order = await nodes.open("order", "order", calls=("inventory",))
        answer = await on_the_wire(order, post("/api/orders", ORDER))
    message = "Product not available: Inventory service unavailable"
    assert answer == http("400 Bad Request", f'{{"orderId":null,"status":"REJECTED","message":"{message}"}}')


async def test_a_taken_port_is_told_to_whoever_asks_for_the_address(tmp_path: Path) -> None:
    listener = await listen()
    port = listener.socket.getsockname()[1]
    async with troupe(tmp_path) as nodes:
        channel = await nodes.start("order", "order", port=port)
        with pytest.raises(NotMadeError, match=f"order: cannot listen on 127.0.0.1:{port}: the port is taken") as caught:
            await channel.ask("address")
    await listener.aclose()
    assert f"port {port}" in caught.value.hint


async def test_a_port_that_was_asked_for_is_had(tmp_path: Path) -> None:
    listener = await listen()
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    async with troupe(tmp_path) as nodes:
        assert await nodes.open("order", "order", port=port) == ("127.0.0.1", port)


async def test_a_node_ends_when_its_owner_is_gone(tmp_path: Path) -> None:
    async with troupe(tmp_path) as nodes:
        address = await nodes.open("inventory", "inventory")
        nodes.owners["inventory"].cancel()
        await nodes.ended["inventory"].wait()
        with pytest.raises(ConnectionRefusedError):
            await dial(*address)


async def test_a_node_told_to_stop_finishes_what_it_works_on_and_takes_no_more(tmp_path: Path) -> None:
    async with troupe(tmp_path) as nodes, trio.open_nursery() as nursery:
        await nodes.open("inventory", "inventory", service_time=0.05)
        answers: list[int] = []

        async def ask() -> None:
            answers.append((await nodes.ask("inventory", "GET", "/api/inventory/check/BOOK-001")).status)

        nursery.start_soon(ask)
        while not any(isinstance(event, Arrived) for event in nodes.events):
            await trio.lowlevel.checkpoint()
        await nodes.channels["inventory"].ask("stop")
        with pytest.raises(CallError) as caught:
            await nodes.ask("inventory", "GET", "/actuator/health")
        await nodes.transport.aclose()
    assert (answers, caught.value.result) == ([200], Result.REFUSED)


async def test_clock_and_speed_are_set_from_outside(tmp_path: Path) -> None:
    async with troupe(tmp_path) as nodes:
        await nodes.open("inventory", "inventory", service_time=0.002)
        channel = nodes.channels["inventory"]

        async def seen() -> tuple[float, float]:
            """How far ahead its clock is of ours, and how long it works."""
            await nodes.ask("inventory", "GET", "/api/inventory/check/BOOK-001")
            await channel.ask("address")  # what it told before this answer has come
            arrived, answered = nodes.events[-2:]
            assert isinstance(arrived, Arrived)
            assert isinstance(answered, Answered)
            return arrived.received_wall_s - right_wall(arrived.at), answered.worked_s

        await channel.ask("clock", offset=-100.0, drift=0.0)
        await channel.ask("speed", slower_by=10.0)
        ahead_s, worked_s = await seen()
        assert ahead_s == pytest.approx(-100.0, abs=1.0)
        assert worked_s >= 0.02
        await channel.ask("clock", offset=0.0, drift=0.0)
        await channel.ask("speed", slower_by=1.0)
        assert (await seen())[0] == pytest.approx(0.0, abs=1.0)


def right_wall(monotonic_s: float) -> float:
    """What a right clock showed at an instant of the host's monotonic one."""
    return time.time() - time.monotonic() + monotonic_s


async def test_a_question_no_node_understands_is_refused(tmp_path: Path) -> None:
    async with troupe(tmp_path) as nodes:
        channel = await nodes.start("order", "order")
        with pytest.raises(NotMadeError, match="order: a node does not know how to 'dance'"):
            await channel.ask("dance")


async def test_a_bug_in_a_handler_is_a_500_and_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> Response:
        raise ZeroDivisionError

    monkeypatch.setattr(Inventory, "_check", fail)
    async with troupe(tmp_path) as nodes:
        await nodes.open("inventory", "inventory")
        answer = await nodes.ask("inventory", "GET", "/api/inventory/check/BOOK-001")
        await nodes.channels["inventory"].ask("address")
        notes = [(event.source, event.level, event.text) for event in nodes.events if isinstance(event, Noted)]
    assert (answer.status, json.loads(answer.body)) == (500, {"error": "internal error"})
    assert notes == [("inventory", "error", "GET /api/inventory/check/BOOK-001 of inventory-1: ZeroDivisionError()")]
