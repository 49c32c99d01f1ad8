from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from chaoscli.errors import NotMadeError
from chaoscli.event_lines import from_fields
from chaoscli.events import Event, FaultMeasured, FaultTouched, LinkCounted
from chaoscli.faults.catalogue import fault_to_plain
from chaoscli.faults.drop import Drop
from chaoscli.faults.latency import Latency
from chaoscli.net.channel import Channel
from chaoscli.proxy import process
from tests.proxy.stage import LINK, PATIENCE_S, hears_nothing, read

LAG = {"name": "lag", "kind": "latency", "targets": [[LINK, "reply"]], "fault": fault_to_plain(Latency(delay=0.001))}


@dataclass
class Owner:
    """Our end of the channel of a proxy process, and what it told us."""

    channel: Channel
    events: list[Event] = field(default_factory=list)
    news: trio.Event = field(default_factory=trio.Event)

    def told(self, line: dict[str, Any]) -> None:
        event = from_fields(line)
        assert event is not None
        self.events.append(event)
        self.news.set()

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, holds: Callable[[], bool]) -> None:
        with trio.fail_after(PATIENCE_S):
            while not holds():
                self.news = trio.Event()
                await self.news.wait()


@pytest.fixture
async def owner(nursery: trio.Nursery) -> AsyncIterator[Owner]:
    ours, theirs = socket.socketpair()
    one = Owner(Channel(ours, "owner"))
    part = {"seed": 7, "links": [{"name": LINK, "http": True}, {"name": "order -> bank", "http": False}]}

    async def refuse(line: dict[str, Any]) -> None:
        raise AssertionError(f"the proxy asked {line}")

    nursery.start_soon(process.run, Channel(theirs, "proxy"), part)
    nursery.start_soon(one.channel.run, refuse, one.told)
    yield one
    nursery.cancel_scope.cancel()


@pytest.fixture
async def through(owner: Owner) -> AsyncIterator[tuple[trio.SocketStream, trio.SocketStream]]:
    """Caller and callee of a connection through the first link."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        address = (await owner.channel.ask("links"))["addresses"][LINK]
        await owner.channel.ask("upstream", link=LINK, address=list(listener.getsockname()))
        async with await trio.open_tcp_stream(*address) as caller, await listening.accept() as callee:
            yield caller, callee


async def test_it_tells_where_each_link_listens(owner: Owner) -> None:
    addresses = (await owner.channel.ask("links"))["addresses"]
    assert list(addresses) == [LINK, "order -> bank"]
    assert all(host == "127.0.0.1" and port for host, port in addresses.values())


async def test_it_injects_and_heals_and_tells_what_was_achieved(
    owner: Owner, through: tuple[trio.SocketStream, trio.SocketStream]
) -> None:
    caller, callee = through
    await owner.channel.ask("inject", **LAG)
    await callee.send_all(b"late")
    assert await read(caller, 4) == b"late"
    await owner.channel.ask("heal", name="lag")
    await owner.until(lambda: bool(owner.of(FaultMeasured)))
    (measured,) = owner.of(FaultMeasured)
    assert (measured.fault, measured.link, measured.direction, measured.met, measured.touched) == ("lag", LINK, "reply", 1, 1)
    assert measured.achieved_mean_s >= 0.001


async def test_it_tells_of_every_request_that_a_message_fault_touched(
    owner: Owner, through: tuple[trio.SocketStream, trio.SocketStream]
) -> None:
    caller, callee = through
    await owner.channel.ask("inject", name="lost", kind="drop", targets=[[LINK, "request"]], fault=fault_to_plain(Drop()))
    await caller.send_all(b"GET / HTTP/1.1\r\nhost: inventory\r\nx-request-id: r9\r\n\r\n")
    await owner.until(lambda: bool(owner.of(FaultTouched)))
    (touched,) = owner.of(FaultTouched)
    assert (touched.fault, touched.link, touched.request, touched.action) == ("lost", LINK, "r9", "drop request")
    assert await hears_nothing(callee)


async def test_at_the_finish_it_tells_the_last_counts_and_what_live_faults_did(
    owner: Owner, through: tuple[trio.SocketStream, trio.SocketStream]
) -> None:
    caller, callee = through
    await owner.channel.ask("inject", **LAG)
    await callee.send_all(b"late")
    assert await read(caller, 4) == b"late"
    await owner.channel.ask("finish")
    await owner.until(lambda: bool(owner.of(FaultMeasured)))
    assert [(one.link, one.connections, one.bytes_reply) for one in owner.of(LinkCounted)[-2:]] == [
        (LINK, 1, 4),
        ("order -> bank", 0, 0),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "latncy"}, "unknown fault 'latncy'"),
        ({"fault": {"delay": -1.0}}, "delay cannot be negative"),
        ({"targets": [["order -> moon", "reply"]]}, "there is no link 'order -> moon'"),
        ({"kind": "drop", "fault": {}, "targets": [["order -> bank", "request"]]}, "needs HTTP"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_the_reason(owner: Owner, change: dict[str, Any], message: str) -> None:
    with pytest.raises(NotMadeError, match=message):
        await owner.channel.ask("inject", **{**LAG, **change})
    with pytest.raises(NotMadeError, match="the proxy cannot do 'dance'"):
        await owner.channel.ask("dance")


async def test_it_ends_when_its_owner_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with trio.fail_after(PATIENCE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(process.run, Channel(theirs, "proxy"), {"seed": 1, "links": [{"name": LINK, "http": False}]})
            await trio.lowlevel.checkpoint()
            ours.close()
