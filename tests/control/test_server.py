"""The API's door, over real sockets: what HTTP brings in, and what goes back."""

from __future__ import annotations

import re
import socket
from typing import Any

import trio

from chaoscli.control.collection import Collection
from chaoscli.control.routes import Task, What
from chaoscli.control.server import ANSWERING_S, LOOKED_UP_EVERY_S, Api, end_toxics_in_time, keep_names_resolved
from chaoscli.control.tasks import do
from chaoscli.messages import Request
from tests.control.live import PATIENCE_S, Live, names
from tests.control.test_collection import RememberingBoard


async def exchange(live: Live, request: bytes) -> bytes:
    """Raw bytes in, everything that comes back until the server closes."""
    async with await trio.open_tcp_stream(*live.api) as stream:
        with trio.fail_after(PATIENCE_S):
            await stream.send_all(request)
            return b"".join([data async for data in stream])


async def test_a_reply_is_what_a_toxiproxy_client_expects_to_the_byte(live: Live) -> None:
    reply = await exchange(live, b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert re.fullmatch(
        rb"HTTP/1\.1 200 OK\r\n"
        rb"content-type: application/json;charset=utf-8\r\n"
        rb"x-toxiproxy-request-id: [0-9a-f]{20}\r\n"
        rb"content-length: 22\r\n"
        rb"(?i:connection): close\r\n"
        rb"\r\n"
        rb'\{"version": "2\.12\.0"\}\n',
        reply,
    )


async def test_a_deletion_is_answered_without_a_body_or_its_length(live: Live) -> None:
    await live.create()
    reply = await exchange(live, b"DELETE /proxies/web HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert re.fullmatch(
        rb"HTTP/1\.1 204 No Content\r\nx-toxiproxy-request-id: [0-9a-f]{20}\r\n(?i:connection): close\r\n\r\n", reply
    )


async def test_every_matched_route_has_an_id_of_its_own_and_others_have_none(live: Live) -> None:
    ids = [(await live.ask("GET", "/proxies")).header("x-toxiproxy-request-id") for _ in range(2)]
    assert len(set(ids)) == 2
    assert all(len(one) == 20 for one in ids)
    browser = await live.ask("GET", "/proxies", user_agent="Mozilla/5.0")
    assert (browser.status, browser.body, len(browser.header("x-toxiproxy-request-id"))) == (403, b"User agent not allowed\n", 20)
    for method, target, status in (("GET", "/nothing", 404), ("PUT", "/proxies", 405)):
        response = await live.ask(method, target)
        assert (response.status, response.header("x-toxiproxy-request-id")) == (status, "")


async def test_a_rebound_name_is_refused_before_anything_is_done(live: Live) -> None:
    body = b'{"name":"web","upstream":"127.0.0.1:1"}'
    request = b"POST /proxies HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    assert b" 403 " in (await exchange(live, request % (len(body), body))).split(b"\r\n")[0]
    assert await live.asked("GET", "/proxies") == {}


async def test_what_is_no_http_gets_a_400_and_the_server_goes_on(live: Live) -> None:
    assert (await exchange(live, b"\x16\x03\x01 nonsense\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert await live.asked("GET", "/proxies") == {}


async def test_a_body_without_bounds_is_refused(live: Live) -> None:
    reply = await exchange(live, b"POST /populate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 413 ")


async def test_one_connection_serves_request_after_request(live: Live) -> None:
    async with await trio.open_tcp_stream(*live.api) as stream:
        for _ in range(3):
            await stream.send_all(b"GET /proxies HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read = b""
            with trio.fail_after(PATIENCE_S):
                while not read.endswith(b"{}"):
                    read += await stream.receive_some()
            assert read.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_the_content_type_of_a_request_does_not_matter(live: Live) -> None:
    response = await live.ask(
        "POST", "/proxies", b'{"name":"web","upstream":"u:1"}', content_type="application/x-www-form-urlencoded"
    )
    assert response.status == 201


async def test_metrics_are_there_while_the_bytes_flow(live: Live) -> None:
    web = await live.create()
    async with await live.connect(web) as stream:
        await stream.send_all(b"hello")
        with trio.fail_after(PATIENCE_S):
            assert await stream.receive_some() == b"hello"
        response = await live.ask("GET", "/metrics")
    assert response.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    labels = f'direction="downstream",listener="{web["listen"]}",proxy="web",upstream="{live.echo}"'
    assert f"toxiproxy_proxy_sent_bytes_total{{{labels}}} 5\n" in response.body.decode()
    assert 'chaos_connections_open{proxy="web"} 1\n' in response.body.decode()


# -- what happens by itself, on a virtual clock ------------------------------------------------------------------------------


async def never(text: str) -> tuple[str, int]:
    await trio.sleep_forever()
    raise AssertionError


async def test_a_task_that_takes_too_long_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    collection = Collection(RememberingBoard(), now=trio.current_time, resolve=never)
    api = Api(collection, metrics=str)
    began = trio.current_time()
    response = await api.answer(Request(method="POST", target="/proxies", body=b'{"name":"web","upstream":"u:1"}'))
    assert (response.status, trio.current_time() - began) == (503, ANSWERING_S)
    assert response.body == b"<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>"


async def test_toxics_end_when_their_time_is_over(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    board = RememberingBoard()
    collection = Collection(board, now=trio.current_time)
    nursery.start_soon(end_toxics_in_time, collection)
    began = trio.current_time()
    gone: dict[str, float] = {}
    board.heal = lambda name: gone.update({name: trio.current_time() - began})  # type: ignore[method-assign]

    async def post(target: str, text: str) -> None:
        what = What.CREATE_PROXY if target == "" else What.CREATE_TOXIC
        assert (await do(Task(what=what, proxy=target, body=text.encode()), collection)).status < 300

    await post("", '{"name":"web","upstream":"127.0.0.1:1"}')
    await trio.sleep(1)
    await post("web", '{"name":"long","type":"silence","duration":"3s"}')
    await post("web", '{"name":"short","type":"silence","duration":"500ms"}')
    await post("web", '{"name":"stays","type":"silence"}')
    await trio.sleep(60)
    assert gone == {"web/short": 1.5, "web/long": 4.0}


async def test_the_name_of_an_upstream_is_looked_up_again_and_again(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    asked: list[str] = []

    async def answer(host: str) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{len(asked)}", 0))]

    board = RememberingBoard()
    collection = Collection(board, now=trio.current_time)
    nursery.start_soon(keep_names_resolved, collection)
    with names(answer):
        await trio.sleep(1)
        await do(Task(what=What.CREATE_PROXY, body=b'{"name":"web","upstream":"db.test:5432"}'), collection)
        await trio.sleep(2.5 * LOOKED_UP_EVERY_S)
    assert board.did[1:] == [f"upstream web 192.0.2.{number}:5432" for number in (1, 2, 3)]
    assert asked == ["db.test"] * 3
