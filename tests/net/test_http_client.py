from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.http_server import HttpServer
from chaoscli.net.pool import ClientLimits, limits_of
from chaoscli.net.tcp import address_of, listen

GET = Request(method="GET", target="/a?b=1", headers=(("x-request-id", "shoppers-1"),))
POST = Request(method="POST", target="/a", body=b'{"n":1}')
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
Play = Callable[[trio.SocketStream], Awaitable[None]]


@dataclass(slots=True)
class Callee:
    """A server that plays a part on each connection, the last part for all that follow."""

    parts: list[Play]
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    address: tuple[str, int] = ("", 0)

    async def serve(self, stream: trio.SocketStream) -> None:
        part = self.parts[min(self.connections, len(self.parts) - 1)]
        self.connections += 1
        async with stream:
            await part(stream)

    def answers(self, *replies: bytes) -> Play:
        """One reply for each request on the connection, and then the end of it."""

        async def play(stream: trio.SocketStream) -> None:
            for reply in replies:
                if await self.hears(stream):
                    await stream.send_all(reply)

        return play

    async def hears(self, stream: trio.SocketStream) -> bool:
        """A request (they fit into one read here); false for the end of the connection."""
        request = await stream.receive_some()
        if request:
            self.requests.append(bytes(request))
        return bool(request)


@asynccontextmanager
async def callee(
    make: Callable[[Callee], list[Play]], *, limits: ClientLimits | None = None
) -> AsyncIterator[tuple[Callee, HttpTransport]]:
    listener = await listen()
    played = Callee(parts=[], address=address_of(listener))
    played.parts = make(played)
    transport = HttpTransport({"inventory": played.address}, limits={"inventory": limits} if limits else None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, played.serve, [listener])
        yield played, transport
        await transport.aclose()
        nursery.cancel_scope.cancel()


async def failure(transport: HttpTransport, request: Request = GET) -> tuple[Result, str]:
    with pytest.raises(CallError) as caught:
        await transport.exchange("inventory", request)
    return caught.value.result, caught.value.detail


async def test_a_request_goes_out_as_http_and_its_reply_comes_back() -> None:
    async with callee(lambda one: [one.answers(b"HTTP/1.1 503 No\r\ncontent-length: 2\r\nX-Served-As: me\r\n\r\nhi")]) as (
        one,
        transport,
    ):
        reply = await transport.exchange("inventory", POST)

    assert reply == Response(status=503, headers=(("content-length", "2"), ("x-served-as", "me")), body=b"hi")
    assert one.requests == [b'POST /a HTTP/1.1\r\nhost: inventory\r\ncontent-length: 7\r\n\r\n{"n":1}']


async def test_a_connection_is_used_again() -> None:
    async with callee(lambda one: [one.answers(OK, OK, OK)]) as (one, transport):
        for _ in range(3):
            assert (await transport.exchange("inventory", POST)).body == b"hi"
    assert one.connections == 1


async def test_calls_at_once_have_connections_of_their_own() -> None:
    async with callee(lambda one: [one.answers(OK)]) as (one, transport), trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(transport.exchange, "inventory", GET)
    assert one.connections == 5


async def test_a_reply_that_ends_with_its_connection_is_whole() -> None:
    async with callee(lambda one: [one.answers(b"HTTP/1.0 200 OK\r\n\r\nall of it")]) as (one, transport):
        assert (await transport.exchange("inventory", GET)).body == b"all of it"
        assert (await transport.exchange("inventory", GET)).body == b"all of it"
    assert one.connections == 2


async def test_an_interim_reply_is_passed_over() -> None:
    async with callee(lambda one: [one.answers(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)]) as (_, transport):
        assert (await transport.exchange("inventory", GET)).status == 200


# -- connections that went stale ------------------------------------------------------------------------------------------------


async def test_a_kept_connection_that_its_peer_has_closed_is_not_used() -> None:
    async with callee(lambda one: [one.answers(OK)]) as (one, transport):
        await transport.exchange("inventory", POST)
        await trio.testing.wait_all_tasks_blocked()  # the peer has closed now
        await transport.exchange("inventory", POST)
    assert (one.connections, len(one.requests)) == (2, 2)


def dies_after(one: Callee, *replies: bytes) -> Play:
    """Answers, hears one more request, and hangs up without a word."""

    async def play(stream: trio.SocketStream) -> None:
        await one.answers(*replies)(stream)
        await one.hears(stream)

    return play


async def test_an_idempotent_request_is_sent_again_when_its_kept_connection_dies_unheard() -> None:
    async with callee(lambda one: [dies_after(one, OK), one.answers(OK)]) as (one, transport):
        await transport.exchange("inventory", GET)
        assert (await transport.exchange("inventory", GET)).status == 200
    assert (one.connections, len(one.requests)) == (2, 3)


async def test_a_post_is_never_sent_again_since_it_may_have_been_heard() -> None:
    async with callee(lambda one: [dies_after(one, OK), one.answers(OK)]) as (one, transport):
        await transport.exchange("inventory", POST)
        assert await failure(transport, POST) == (Result.RESET, "closed before it answered")
    assert (one.connections, len(one.requests)) == (1, 2)


async def test_a_request_on_a_fresh_connection_is_never_sent_again() -> None:
    async with callee(lambda one: [dies_after(one), one.answers(OK)]) as (one, transport):
        assert await failure(transport) == (Result.RESET, "closed before it answered")
    assert one.connections == 1


async def test_a_request_is_sent_again_once_only() -> None:
    async with callee(lambda one: [dies_after(one, OK), dies_after(one), one.answers(OK)]) as (one, transport):
        await transport.exchange("inventory", GET)
        assert await failure(transport) == (Result.RESET, "closed before it answered")
    assert one.connections == 2


async def test_a_reply_that_had_begun_is_never_asked_for_again() -> None:
    async with callee(lambda one: [one.answers(OK, b"HTTP/1.1 200 OK\r\ncontent-le"), one.answers(OK)]) as (one, transport):
        await transport.exchange("inventory", GET)
        result, _detail = await failure(transport)
    assert (result, one.connections) == (Result.RESET, 1)


async def test_a_connection_with_bytes_nobody_asked_for_is_not_used() -> None:
    async with callee(lambda one: [one.answers(OK + b"HTTP/1.1 200 OK\r\n"), one.answers(OK)]) as (one, transport):
        await transport.exchange("inventory", GET)
        await trio.testing.wait_all_tasks_blocked()
        assert (await transport.exchange("inventory", GET)).body == b"hi"
    assert one.connections == 2


async def test_an_old_connection_is_not_used(autojump_clock: MockClock) -> None:
    # The mock clock jumps only while nobody moves; the exchanges themselves take no time of it.
    autojump_clock.autojump_threshold = float("inf")
    limits = ClientLimits(kept_s=30.0)
    async with callee(lambda one: [one.answers(OK, OK, OK)], limits=limits) as (one, transport):
        await transport.exchange("inventory", GET)
        autojump_clock.jump(29.0)
        await transport.exchange("inventory", GET)
        autojump_clock.jump(31.0)
        await transport.exchange("inventory", GET)
    assert one.connections == 2


async def test_a_caller_that_keeps_no_connection_makes_one_for_each_call() -> None:
    async with callee(lambda one: [one.answers(OK), one.answers(OK)], limits=ClientLimits(kept=0)) as (one, transport):
        await transport.exchange("inventory", GET)
        await transport.exchange("inventory", GET)
    assert one.connections == 2


def test_the_limits_of_a_callee_are_what_the_plain_policy_says() -> None:
    found = limits_of({"a": {}, "b": {"connections": "new", "keep": 7}, "c": {"keep": 7, "keep_for": 2.0}})
    assert [(found[name].kept, found[name].kept_s) for name in "abc"] == [(256, 30.0), (0, 30.0), (7, 2.0)]


# -- what a peer can do ---------------------------------------------------------------------------------------------------------


async def test_nobody_listening_is_refused() -> None:
    listener = await listen()
    address = address_of(listener)
    await listener.aclose()
    assert await failure(HttpTransport({"inventory": address})) == (Result.REFUSED, "connection refused")


async def test_a_reset_is_a_reset() -> None:
    async def reset(stream: trio.SocketStream) -> None:
        await stream.receive_some(1)  # what is left unread turns the close into a reset

    async with callee(lambda _one: [reset]) as (_, transport):
        assert await failure(transport) == (Result.RESET, "connection reset")


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"\x16\x03\x01",
    ],
)
async def test_a_malformed_reply_is_a_reset_and_its_connection_is_not_kept(reply: bytes) -> None:
    async with callee(lambda one: [one.answers(reply), one.answers(OK)]) as (one, transport):
        result, detail = await failure(transport)
        assert (result, bool(detail)) == (Result.RESET, True)
        assert (await transport.exchange("inventory", GET)).status == 200
    assert one.connections == 2


async def test_a_reply_larger_than_the_limit_is_not_read_to_its_end() -> None:
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"x" * 1000
    async with callee(lambda one: [one.answers(reply)], limits=ClientLimits(body_bytes=999)) as (_, transport):
        assert await failure(transport) == (Result.RESET, "a reply of more than 999 bytes")


async def test_a_head_without_end_is_not_read_to_its_end() -> None:
    reply = b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000
    async with callee(lambda one: [one.answers(reply)], limits=ClientLimits(header_bytes=500)) as (_, transport):
        assert await failure(transport) == (Result.RESET, "Receive buffer too long")


async def test_an_answer_before_the_whole_body_was_read_is_heard() -> None:
    async def impatient(stream: trio.SocketStream) -> None:
        await stream.receive_some(100)
        await stream.send_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        while await stream.receive_some():
            pass

    large = Request(method="POST", target="/", body=b"x" * 5_000_000)
    async with callee(lambda _one: [impatient]) as (_, transport):
        assert (await transport.exchange("inventory", large)).status == 413


async def test_a_cancelled_exchange_takes_its_connection_with_it() -> None:
    left = trio.Event()

    async def silent(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        assert await stream.receive_some() == b""
        left.set()

    async with callee(lambda one: [silent, one.answers(OK)]) as (one, transport):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(transport.exchange, "inventory", GET)
            await trio.testing.wait_all_tasks_blocked()
            while not one.connections:
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        await left.wait()
        assert (await transport.exchange("inventory", GET)).body == b"hi"


async def test_connections_to_one_callee_are_bounded() -> None:
    async def silent(stream: trio.SocketStream) -> None:
        while await stream.receive_some():
            pass

    async with callee(lambda _one: [silent], limits=ClientLimits(open=2)) as (_, transport), trio.open_nursery() as nursery:
        nursery.start_soon(transport.exchange, "inventory", GET)
        nursery.start_soon(transport.exchange, "inventory", GET)
        await trio.testing.wait_all_tasks_blocked()
        assert await failure(transport) == (Result.REFUSED, "2 connections to inventory are open already")
        nursery.cancel_scope.cancel()


async def test_failures_do_not_use_up_the_bound() -> None:
    async with callee(lambda one: [dies_after(one)], limits=ClientLimits(open=2)) as (one, transport):
        for _ in range(5):
            assert await failure(transport) == (Result.RESET, "closed before it answered")
    assert one.connections == 5


async def test_no_more_than_so_many_connections_are_kept() -> None:
    async with callee(lambda one: [one.answers(OK, OK)], limits=ClientLimits(kept=2)) as (one, transport):
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(transport.exchange, "inventory", GET)
    assert one.connections == 5 + 3


# -- with the real server -------------------------------------------------------------------------------------------------------


async def test_what_the_client_sends_is_what_the_server_hands_on() -> None:
    heard: list[Request] = []

    async def remember(request: Request) -> Response:
        heard.append(request)
        return Response(status=201, headers=(("x-name", "Zoë"),), body=request.body[::-1])

    listener = await listen()
    transport = HttpTransport({"inventory": address_of(listener)})
    request = Request(method="PUT", target="/a%20b?c=d", headers=(("x-one", "1"), ("x-two", "é")), body=bytes(range(256)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(HttpServer(remember).serve, [listener])
        reply = await transport.exchange("inventory", request)
        await transport.aclose()
        nursery.cancel_scope.cancel()

    assert reply == Response(status=201, headers=(("x-name", "Zoë"), ("content-length", "256")), body=bytes(range(255, -1, -1)))
    headers = (("host", "inventory"), *request.headers, ("content-length", "256"))
    assert heard == [Request(method="PUT", target=request.target, headers=headers, body=request.body)]
