"""Whatever comes on a wire, the server answers whole replies or hangs up, and serves the next caller."""

from __future__ import annotations

import h11
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, memory_stream_pair

from chaoscli.messages import Request, Response
from chaoscli.net.http_server import HttpLimits, HttpServer

LIMITS = HttpLimits(header_bytes=2000, body_bytes=500, idle_s=5.0, read_s=5.0)
GOOD = b"GET /good HTTP/1.1\r\nhost: a\r\n\r\n"

# Requests that are nearly right, so that nonsense gets past the first line, and plain noise.
STARTS = st.sampled_from(
    [
        b"GET / HTTP/1.1", b"POST /a HTTP/1.1", b"HEAD / HTTP/1.1", b"GET / HTTP/1.0", b"CONNECT a:80 HTTP/1.1",
        b"OPTIONS * HTTP/1.1", b"PRI * HTTP/2.0", b"GET http://a HTTP/1.1", b"GET  / HTTP/1.1",
        b"GET /\x80 HTTP/1.1", b"get / http/1.1", b"GET /", b"",
    ]
)  # fmt: skip
HEADERS = st.sampled_from(
    [
        b"host: a", b"content-length: 3", b"content-length: -1", b"content-length: 99999999999999999999", b"content-length: 4, 4",
        b"transfer-encoding: chunked", b"transfer-encoding: gzip", b"expect: 100-continue", b"connection: close",
        b"connection: upgrade", b"upgrade: websocket", b" folded", b"no colon", b"x: " + b"y" * 3000, b"x: \xff\x00", b": empty",
    ]
)  # fmt: skip
BODIES = st.sampled_from([b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"3\r\nabc", b"ffffffffff\r\n", b"-1\r\n\r\n", b"x" * 600])
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b""])


@st.composite
def nearly_requests(draw: st.DrawFn) -> bytes:
    headers = [b"host: a", *draw(st.lists(HEADERS, max_size=3))]
    end = draw(ENDS)
    return end.join([draw(STARTS), *headers, b"", b""]) + draw(BODIES)


WIRES = st.lists(nearly_requests() | st.just(GOOD) | st.binary(max_size=30), max_size=4)


@settings(max_examples=300, deadline=None)
@given(WIRES)
def test_no_bytes_end_the_server_or_get_half_an_answer(parts: list[bytes]) -> None:
    async def converse() -> None:
        server = HttpServer(handler, limits=LIMITS, failed=fail)
        assert_whole_replies(await talk(server, parts), may_lack_last_body=any(b"HEAD" in part for part in parts))
        assert await talk(server, [GOOD]) == b"HTTP/1.1 200 OK\r\nx-method: GET\r\ncontent-length: 5\r\n\r\n/good"

    trio.run(converse, clock=MockClock(autojump_threshold=0))


async def handler(request: Request) -> Response:
    return Response(status=200, headers=(("x-method", request.method),), body=request.path.encode())


def fail(request: Request, error: Exception) -> None:
    raise AssertionError(f"the server blames the handler for {request}: {error!r}")


async def talk(server: HttpServer, parts: list[bytes]) -> bytes:
    ours, theirs = memory_stream_pair()
    back = b""

    async def send() -> None:
        try:
            for part in parts:
                await ours.send_all(part)
        except trio.BrokenResourceError:
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve_stream, theirs)
        nursery.start_soon(send)
        while data := await ours.receive_some():  # ends by the server's own limits of time at the latest
            back += data
    return back


def assert_whole_replies(back: bytes, *, may_lack_last_body: bool) -> None:
    """Read it as a client would that has asked for as many replies as there are. A refusal of HEAD announces a body that it
    does not have."""
    back = back.replace(b"HTTP/1.1 100 \r\n\r\n", b"")
    while back:
        head, _, rest = back.partition(b"\r\n\r\n")
        bodiless = b"\r\nx-method: HEAD\r\n" in head or (may_lack_last_body and not rest)
        method = "HEAD" if bodiless else "GET"
        reader = h11.Connection(h11.CLIENT)
        reader.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
        reader.send(h11.EndOfMessage())
        reader.receive_data(back)
        event = reader.next_event()
        while isinstance(event, h11.Response | h11.Data):
            event = reader.next_event()
        assert isinstance(event, h11.EndOfMessage), f"half an answer: {back!r}"
        back = bytes(reader.trailing_data[0])
