from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from chaoscli.messages import Request, Response
from chaoscli.net.http_server import HttpLimits, HttpServer

LIMITS = HttpLimits(header_bytes=1000, body_bytes=100, idle_s=75.0, read_s=60.0, write_s=60.0, connections=3)
HOST = "host: order\r\n"
TEXT = (("content-type", "text/plain"),)


async def echo(request: Request) -> Response:
    """Says back what was asked."""
    body = f"{request.method} {request.target} {request.body.decode('latin-1')}".encode("latin-1")
    return Response(status=200, headers=TEXT, body=body)


def echoed(body: str, *extra: str) -> str:
    return "\r\n".join(["HTTP/1.1 200 OK", "content-type: text/plain", f"content-length: {len(body)}", *extra, "", body])


def turned_away(status: str, why: str) -> str:
    body = f'{{"error":"{why}"}}'
    lines = [
        f"HTTP/1.1 {status}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
        "",
        body,
    ]
    return "\r\n".join(lines)


async def talk(server: HttpServer, *parts: str, end: bool = True) -> str:
    """All that comes back on one connection for what is sent, part by part; ``end`` closes the sending side after it."""
    ours, theirs = memory_stream_pair()
    back = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve_stream, theirs)
        try:
            for part in parts:
                await ours.send_all(part.encode("latin-1"))
                await trio.testing.wait_all_tasks_blocked()
            if end:
                await ours.send_eof()
        except trio.BrokenResourceError:
            pass  # it had enough; what it said first is what counts
        while data := await ours.receive_some():
            back += data
    return back.decode("latin-1")


async def ask(*parts: str, end: bool = True) -> str:
    return await talk(HttpServer(echo, limits=LIMITS), *parts, end=end)


async def test_a_request_is_answered() -> None:
    assert await ask(f"GET /a?b=1 HTTP/1.1\r\n{HOST}\r\n") == echoed("GET /a?b=1 ")


async def test_a_connection_is_kept_for_the_next_request() -> None:
    one = f"POST /a HTTP/1.1\r\n{HOST}content-length: 2\r\n\r\nhi"
    assert await ask(one, one) == echoed("POST /a hi") * 2


async def test_requests_sent_without_waiting_are_answered_in_order() -> None:
    first, second = f"GET /1 HTTP/1.1\r\n{HOST}\r\n", f"GET /2 HTTP/1.1\r\n{HOST}\r\n"
    assert await ask(first + second) == echoed("GET /1 ") + echoed("GET /2 ")


async def test_a_request_may_come_byte_by_byte() -> None:
    assert await ask(*f"POST /a HTTP/1.1\r\n{HOST}content-length: 2\r\n\r\nhi") == echoed("POST /a hi")


async def test_a_body_may_come_in_chunks() -> None:
    chunks = "2\r\nhi\r\n3\r\nyou\r\n0\r\n\r\n"
    assert await ask(f"POST /a HTTP/1.1\r\n{HOST}transfer-encoding: chunked\r\n\r\n{chunks}") == echoed("POST /a hiyou")


async def test_a_caller_that_wants_to_close_is_told_so() -> None:
    assert await ask(f"GET / HTTP/1.1\r\n{HOST}connection: close\r\n\r\n", end=False) == echoed("GET / ", "Connection: close")


async def test_http_1_0_is_served_once() -> None:
    assert await ask("GET / HTTP/1.0\r\n\r\n", end=False) == echoed("GET / ", "Connection: close")


async def test_the_absolute_form_of_a_target_means_its_path() -> None:
    assert await ask(f"GET http://order/a?b HTTP/1.1\r\n{HOST}\r\n") == echoed("GET /a?b ")
    assert await ask(f"GET http://order HTTP/1.1\r\n{HOST}\r\n") == echoed("GET / ")


async def test_head_says_what_get_would_without_the_body() -> None:
    assert await ask(f"HEAD /a HTTP/1.1\r\n{HOST}\r\n") == echoed("HEAD /a ").removesuffix("HEAD /a ")


async def test_a_caller_that_waits_for_permission_gets_it() -> None:
    head = f"POST /a HTTP/1.1\r\n{HOST}content-length: 2\r\nexpect: 100-continue\r\n\r\n"
    assert await ask(head, "hi") == "HTTP/1.1 100 \r\n\r\n" + echoed("POST /a hi")


async def test_a_caller_that_waits_for_permission_to_send_too_much_is_spared_the_sending() -> None:
    head = f"POST /a HTTP/1.1\r\n{HOST}content-length: 101\r\nexpect: 100-continue\r\n\r\n"
    assert await ask(head) == turned_away("413 Content Too Large", "a body may have 100 bytes")


async def test_an_answer_without_content_has_no_length() -> None:
    async def nothing(request: Request) -> Response:
        return Response(status=204)

    assert await talk(HttpServer(nothing), f"GET / HTTP/1.1\r\n{HOST}\r\n") == "HTTP/1.1 204 No Content\r\n\r\n"


async def test_what_a_handler_says_about_framing_is_not_passed_on() -> None:
    async def meddler(request: Request) -> Response:
        headers = (("Content-Length", "999"), ("transfer-encoding", "chunked"), ("connection", "close"), *TEXT)
        return Response(status=200, headers=headers, body=b"hi")

    assert await talk(HttpServer(meddler), f"GET / HTTP/1.1\r\n{HOST}\r\n") == echoed("hi")


# -- what is turned away -----------------------------------------------------------------------------------------------------


async def test_what_is_not_http_is_turned_away() -> None:
    assert await ask("hello?\r\n\r\n") == turned_away("400 Bad Request", "illegal request line")


async def test_other_versions_of_http_are_turned_away() -> None:
    reply = await ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert reply == turned_away("505 HTTP Version Not Supported", "HTTP/1.1 is spoken here")


async def test_no_tunnel_is_opened() -> None:
    reply = await ask(f"CONNECT order:80 HTTP/1.1\r\n{HOST}\r\n")
    assert reply == turned_away("501 Not Implemented", "no tunnels here")


async def test_http_1_1_without_a_host_is_turned_away() -> None:
    assert await ask("GET / HTTP/1.1\r\n\r\n") == turned_away("400 Bad Request", "Missing mandatory Host: header")


async def test_a_head_without_end_is_turned_away() -> None:
    assert await ask("GET / HTTP/1.1\r\n" + "a: b\r\n" * 200) == turned_away(
        "431 Request Header Fields Too Large", "Receive buffer too long"
    )


async def test_an_announced_body_that_is_too_large_is_turned_away_unread() -> None:
    reply = await ask(f"POST / HTTP/1.1\r\n{HOST}content-length: 101\r\n\r\n")
    assert reply == turned_away("413 Content Too Large", "a body may have 100 bytes")


async def test_a_chunked_body_is_turned_away_once_it_is_too_large() -> None:
    chunk = "32\r\n" + "x" * 50 + "\r\n"
    reply = await ask(f"POST / HTTP/1.1\r\n{HOST}transfer-encoding: chunked\r\n\r\n{chunk}", chunk, chunk)
    assert reply == turned_away("413 Content Too Large", "a body may have 100 bytes")


async def test_two_lengths_for_one_body_are_turned_away() -> None:
    reply = await ask(f"POST / HTTP/1.1\r\n{HOST}content-length: 2\r\ncontent-length: 3\r\n\r\nhi")
    assert reply == turned_away("400 Bad Request", "conflicting Content-Length headers")


async def test_head_is_turned_away_without_a_body() -> None:
    refusal = turned_away("413 Content Too Large", "a body may have 100 bytes")
    assert await ask(f"HEAD / HTTP/1.1\r\n{HOST}content-length: 101\r\n\r\n") == refusal.partition("{")[0]


async def test_a_request_that_breaks_off_reaches_no_handler() -> None:
    asked: list[Request] = []

    async def remember(request: Request) -> Response:
        asked.append(request)
        return Response(status=200)

    reply = await talk(HttpServer(remember), f"POST / HTTP/1.1\r\n{HOST}content-length: 9\r\n\r\nhalf")
    assert (reply.split("\r\n")[0], asked) == ("HTTP/1.1 400 Bad Request", [])


# -- time and number -----------------------------------------------------------------------------------------------------------


async def test_a_silent_connection_is_closed_after_the_idle_time(autojump_clock: MockClock) -> None:
    assert await ask(end=False) == ""
    assert trio.current_time() == 75.0


async def test_a_kept_connection_is_idle_anew_after_each_answer(autojump_clock: MockClock) -> None:
    server = HttpServer(echo, limits=LIMITS)
    ours, theirs = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve_stream, theirs)
        await trio.sleep(50)
        await ours.send_all(f"GET / HTTP/1.1\r\n{HOST}\r\n".encode())
        assert await ours.receive_some()
        assert await ours.receive_some() == b""
    assert trio.current_time() == 125.0


async def test_a_request_that_dawdles_is_turned_away(autojump_clock: MockClock) -> None:
    assert await ask("GET / HT", end=False) == turned_away("408 Request Timeout", "no whole request within 60s")
    assert trio.current_time() == 61.0  # and the second in which the caller may still be sending


async def test_a_caller_that_does_not_read_is_let_go(autojump_clock: MockClock) -> None:
    class Clogged(trio.abc.HalfCloseableStream):
        """A stream whose other end sends one request and then never reads."""

        def __init__(self) -> None:
            self.closed_at: float | None = None
            self.unread = f"GET / HTTP/1.1\r\n{HOST}\r\n".encode()

        async def send_all(self, data: bytes | bytearray | memoryview) -> None:
            await trio.sleep_forever()

        async def wait_send_all_might_not_block(self) -> None: ...

        async def send_eof(self) -> None: ...

        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            data, self.unread = self.unread, b""
            return data

        async def aclose(self) -> None:
            self.closed_at = self.closed_at or trio.current_time()
            await trio.lowlevel.checkpoint()

    stream = Clogged()
    await HttpServer(echo, limits=LIMITS).serve_stream(stream)
    assert stream.closed_at == 60.0


async def test_more_connections_than_the_limit_are_closed_at_once() -> None:
    server = HttpServer(echo, limits=LIMITS)
    async with trio.open_nursery() as nursery:
        kept = []
        for _ in range(LIMITS.connections):
            ours, theirs = memory_stream_pair()
            kept.append(ours)
            nursery.start_soon(server.serve_stream, theirs)
        await trio.testing.wait_all_tasks_blocked()
        assert await talk(server, end=False) == ""
        await kept[0].aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert await talk(server, f"GET / HTTP/1.1\r\n{HOST}\r\n") == echoed("GET / ")
        nursery.cancel_scope.cancel()


# -- handlers that fail, callers that leave, ends --------------------------------------------------------------------------------


async def test_an_exception_of_the_handler_answers_500_and_the_connection_lives_on() -> None:
    failures: list[str] = []

    async def sometimes(request: Request) -> Response:
        if request.path == "/bad":
            raise ValueError("no such thing")
        return await echo(request)

    server = HttpServer(sometimes, failed=lambda request, error: failures.append(f"{request.target} {error!r}"))
    reply = await talk(server, f"GET /bad HTTP/1.1\r\n{HOST}\r\n", f"GET /good HTTP/1.1\r\n{HOST}\r\n")
    error = turned_away("500 Internal Server Error", "internal error").replace("connection: close\r\n", "")
    assert reply == error + echoed("GET /good ")
    assert failures == ["/bad ValueError('no such thing')"]


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "a → b", "\x00"])
async def test_a_header_no_wire_can_carry_answers_500(value: str) -> None:
    async def injector(request: Request) -> Response:
        return Response(status=200, headers=(("x-name", value),))

    failures: list[Exception] = []
    server = HttpServer(injector, failed=lambda _request, error: failures.append(error))
    reply = await talk(server, f"GET / HTTP/1.1\r\n{HOST}\r\n")
    assert (reply.split("\r\n")[0], len(failures)) == ("HTTP/1.1 500 Internal Server Error", 1)


async def test_work_goes_on_when_its_caller_has_left(autojump_clock: MockClock) -> None:
    finished_at: list[float] = []

    async def slowly(request: Request) -> Response:
        await trio.sleep(5)
        finished_at.append(trio.current_time())
        return Response(status=200)

    server = HttpServer(slowly)
    ours, theirs = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve_stream, theirs)
        await ours.send_all(f"GET / HTTP/1.1\r\n{HOST}\r\n".encode())
        await trio.sleep(1)
        await ours.aclose()
    assert finished_at == [5.0]


class _Heeding:
    """A server that heeds hang-ups, with a handler of five seconds; what became of the work is written down."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.server = HttpServer(self._slowly, limits=LIMITS, hung_up=lambda request: self._tell(f"{request.target} given up"))

    async def _slowly(self, request: Request) -> Response:
        await trio.sleep(5)
        self._tell(f"{request.target} done")
        return await echo(request)

    def _tell(self, what: str) -> None:
        self.told.append(f"{what} at {trio.current_time():g}")


async def test_work_stops_when_its_caller_has_left_where_that_is_heeded(autojump_clock: MockClock) -> None:
    heeding = _Heeding()
    ours, theirs = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heeding.server.serve_stream, theirs)
        await ours.send_all(f"GET /a HTTP/1.1\r\n{HOST}\r\n".encode())
        await trio.sleep(1)
        await ours.aclose()
    assert heeding.told == ["/a given up at 1"]


async def test_who_sends_the_next_request_meanwhile_is_still_there(autojump_clock: MockClock) -> None:
    heeding = _Heeding()
    replies = await talk(heeding.server, *(f"GET /{name} HTTP/1.1\r\n{HOST}\r\n" for name in "ab"), end=False)
    assert heeding.told == ["/a done at 5", "/b done at 10"]
    assert replies == echoed("GET /a ") + echoed("GET /b ")


async def test_who_sends_too_much_meanwhile_is_read_no_further_and_gets_the_answer(autojump_clock: MockClock) -> None:
    heeding = _Heeding()
    more = "x" * LIMITS.header_bytes
    replies = await talk(heeding.server, f"GET /a HTTP/1.1\r\n{HOST}\r\n", more, end=False)
    assert heeding.told == ["/a done at 5"]
    assert replies.startswith(echoed("GET /a "))


async def test_a_stop_lets_requests_at_work_finish_and_closes_idle_connections(autojump_clock: MockClock) -> None:
    async def slowly(request: Request) -> Response:
        await trio.sleep(2)
        return await echo(request)

    server = HttpServer(slowly)
    replies: dict[str, str] = {}

    async def call(name: str, *parts: str) -> None:
        replies[name] = await talk(server, *parts, end=False)
        replies[name] += f" at {trio.current_time():g}"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call, "idle")
        nursery.start_soon(call, "busy", f"GET / HTTP/1.1\r\n{HOST}\r\n")
        await trio.sleep(1)
        await server.stop(grace_s=5.0)
    assert replies == {"idle": " at 1", "busy": echoed("GET / ", "connection: close") + " at 2"}
    assert trio.current_time() == 2.0
