"""Where messages begin and end, whatever the chunks they come in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import Request
from chaoscli.proxy import framing
from chaoscli.proxy.framing import (
    CHUNKED,
    HEAD_BYTES_MAX,
    RAW_FROM_HERE,
    SIZE_LINE_BYTES_MAX,
    UNTIL_CLOSE,
    Body,
    End,
    Head,
    NotHttp,
    Part,
    Raw,
    Reader,
)

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
CHUNKED_POST = b"POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def requests(*pieces: bytes) -> list[Part]:
    reader = framing.request_reader()
    return merged([part for piece in pieces for part in reader.read(piece)])


def replies(*pieces: bytes, method: str = "GET") -> list[Part]:
    reader = framing.reply_reader(lambda head: framing.reply_extent(head, method))
    return merged([part for piece in pieces for part in reader.read(piece)] + reader.end())


def merged(parts: Sequence[Part]) -> list[Part]:
    """Neighbouring bodies, or raw pieces, as one: how they were cut is of no account."""
    out: list[Part] = []
    for part in parts:
        before = out[-1] if out else None
        if isinstance(part, Body) and isinstance(before, Body):
            out[-1] = Body(before.raw + part.raw)
        elif isinstance(part, Raw) and isinstance(before, Raw):
            out[-1] = Raw(before.raw + part.raw)
        else:
            out.append(part)
    return out


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


splits = st.lists(st.integers(0, 10_000), max_size=12)


# -- requests --------------------------------------------------------------------------------------------------------------


def test_a_request_without_a_body_ends_with_its_head() -> None:
    assert requests(GET) == [Head(GET, 0), End()]


def test_a_body_is_as_long_as_it_says() -> None:
    assert requests(POST + b"hello" + GET) == [Head(POST, 5), Body(b"hello"), End(), Head(GET, 0), End()]


def test_a_chunked_body_ends_behind_its_trailer() -> None:
    body = b"5;note=x\r\nhello\r\n1\r\n!\r\n0\r\nChecksum: 3\r\n\r\n"
    assert requests(CHUNKED_POST + body + GET) == [Head(CHUNKED_POST, CHUNKED), Body(body), End(), Head(GET, 0), End()]


def test_a_blank_line_before_a_request_belongs_to_it() -> None:
    assert requests(b"\r\n" + GET) == [Head(b"\r\n" + GET, 0), End()]


def test_lines_may_end_in_a_bare_newline() -> None:
    plain = GET.replace(b"\r\n", b"\n")
    assert requests(plain) == [Head(plain, 0), End()]


def test_an_incomplete_head_is_held_until_it_is_whole() -> None:
    reader = framing.request_reader()
    assert list(reader.read(GET[:-1])) == []
    assert not reader.between_messages
    assert list(reader.read(GET[-1:] + b"rest")) == [Head(GET, 0), End()]


def test_an_incomplete_head_comes_back_when_the_stream_ends() -> None:
    reader = framing.request_reader()
    assert list(reader.read(GET[:10])) == []
    assert reader.end() == [Raw(GET[:10])]


@given(places=splits)
def test_how_requests_are_cut_makes_no_difference(places: list[int]) -> None:
    data = GET + POST + b"hello" + CHUNKED_POST + b"a\r\n0123456789\r\n0\r\nx: y\r\n\r\n" + b"\r\n" + GET
    assert requests(*cut(data, places)) == requests(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS handshake
        b"\x00\x00\x00\x08\x04\xd2\x16/",  # PostgreSQL asking for TLS
        b"*1\r\n$4\r\nPING\r\n",  # Redis
        b"EHLO example.org\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1 extra\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET /\r\n\r\n",  # HTTP/0.9
        b" GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 100 + b"\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",  # smuggling
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nX: a\r\n Content-Length: 5\r\n\r\nhello",  # folded
        b"\r\n\r\n\r\n",
    ],
)
@given(places=splits)
def test_what_is_not_http_is_raw_from_its_first_byte(data: bytes, places: list[int]) -> None:
    assert requests(*cut(data, places)) == [Raw(data)]


def test_other_protocols_are_not_kept_waiting_for_a_line_to_end() -> None:
    reader = framing.request_reader()
    assert list(reader.read(b"\x16")) == [Raw(b"\x16")]


def test_a_head_beyond_the_bound_is_raw() -> None:
    endless = b"GET / HTTP/1.1\r\nX: " + b"y" * HEAD_BYTES_MAX
    assert requests(endless) == [Raw(endless)]
    assert requests(endless + b"\r\n\r\n") == [Raw(endless + b"\r\n\r\n")]


@pytest.mark.parametrize("body", [b"xyz\r\nhello\r\n", b"-5\r\nhello\r\n", b"\r\nhello", b"5 5\r\nhello", b"1" * 16 + b"\r\n"])
def test_malformed_chunks_are_passed_and_raw_from_there_on(body: bytes) -> None:
    assert requests(CHUNKED_POST + body, b"rest") == [
        Head(CHUNKED_POST, CHUNKED),
        Body(body[: body.index(b"\n") + 1]),
        Raw(body[body.index(b"\n") + 1 :] + b"rest"),
    ]


@pytest.mark.parametrize(
    "endless",
    [b"5;" + b"x" * SIZE_LINE_BYTES_MAX, b"0\r\n" + b"x: y\r\n" * (HEAD_BYTES_MAX // 6 + 1)],
    ids=["a size", "a trailer"],
)
def test_what_lasts_for_ever_between_chunks_is_raw_beyond_the_bound(endless: bytes) -> None:
    parts = requests(CHUNKED_POST + endless, b"\r\nrest")
    assert parts == [Head(CHUNKED_POST, CHUNKED), Body(endless), Raw(b"\r\nrest")]


def test_what_follows_a_connect_is_raw() -> None:
    head = b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"
    assert requests(head + b"\x16\x03") == [Head(head, RAW_FROM_HERE), Raw(b"\x16\x03")]


# -- replies ---------------------------------------------------------------------------------------------------------------


def reply(status: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"", b""])


def test_a_reply_that_says_no_length_lasts_until_the_close() -> None:
    head = reply(b"200 OK")
    assert replies(head + b"hello", b" world") == [Head(head, UNTIL_CLOSE), Body(b"hello world"), End()]


@pytest.mark.parametrize(
    ("head", "method", "extent"),
    [
        (reply(b"200 OK", b"Content-Length: 5"), "GET", 5),
        (reply(b"200 OK", b"content-length: 5, 5"), "GET", 5),
        (reply(b"200 OK", b"CONTENT-LENGTH:5"), "GET", 5),
        (reply(b"200 OK", b"Content-Length: 5"), "HEAD", 0),
        (reply(b"204 No Content", b"Content-Length: 5"), "GET", 0),
        (reply(b"304 Not Modified", b"Content-Length: 5"), "GET", 0),
        (reply(b"100 Continue"), "POST", 0),
        (reply(b"103 Early Hints", b"Content-Length: 5"), "GET", 0),
        (reply(b"101 Switching Protocols"), "GET", RAW_FROM_HERE),
        (reply(b"200 Connection established"), "CONNECT", RAW_FROM_HERE),
        (reply(b"403 Forbidden", b"Content-Length: 5"), "CONNECT", 5),
        (reply(b"200 OK", b"Transfer-Encoding: gzip, chunked"), "GET", CHUNKED),
        (reply(b"200 OK", b"X-Content-Length: 5"), "GET", UNTIL_CLOSE),
        (reply(b"200"), "GET", UNTIL_CLOSE),
    ],
)
def test_the_length_of_a_reply_depends_on_its_status_its_fields_and_its_request(head: bytes, method: str, extent: int) -> None:
    assert framing.reply_extent(head, method) == extent


def test_two_codings_of_which_chunked_is_not_the_last_cannot_be_framed() -> None:
    with pytest.raises(NotHttp):
        framing.reply_extent(reply(b"200 OK", b"Transfer-Encoding: chunked, gzip"), "GET")


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"ICY 200 OK\r\n\r\n"])
def test_a_reply_that_is_none_is_raw(data: bytes) -> None:
    assert replies(data) == [Raw(data)]


# -- heads as values -------------------------------------------------------------------------------------------------------


def test_a_head_becomes_a_request_with_names_in_lower_case() -> None:
    head = b"POST /orders?x=1 HTTP/1.1\r\nHost: a\r\nX-Request-ID:  abc \r\nEmpty:\r\nHost: b\r\n\r\n"
    assert framing.request_of(head) == Request(
        method="POST", target="/orders?x=1", headers=(("host", "a"), ("x-request-id", "abc"), ("empty", ""), ("host", "b"))
    )


@pytest.mark.parametrize(
    ("head", "closes"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: upgrade, close\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False),
    ],
)
def test_a_connection_lasts_unless_it_is_said_to_close(head: bytes, closes: bool) -> None:
    assert framing.wants_close(head) is closes


# -- anything at all -------------------------------------------------------------------------------------------------------

FRAGMENTS = [
    b"GET / HTTP/1.1", b"POST /x HTTP/1.0", b"HTTP/1.1 200 OK", b"HTTP/1.1 101 X", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b":",
    b"Content-Length: 3", b"Content-Length: 99999999999999999", b"Transfer-Encoding: chunked", b"Connection: close", b"0", b"3",
    b"ffffffffffffffff", b"abc", b"\x00", b"\xff", b";", b"CONNECT a:1 HTTP/1.1", b"HEAD / HTTP/1.1",
]  # fmt: skip
nearly_http = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=8)), max_size=30).map(b"".join)


@pytest.mark.parametrize("make", [framing.request_reader, lambda: framing.reply_reader(lambda h: framing.reply_extent(h, "GET"))])
@given(data=nearly_http, places=splits)
def test_any_bytes_in_any_cut_come_back_whole_and_in_order(make: object, data: bytes, places: list[int]) -> None:
    reader = make()  # type: ignore[operator]
    assert isinstance(reader, Reader)
    parts = [part for piece in cut(data, places) for part in reader.read(piece)] + reader.end()
    assert b"".join(part.raw for part in parts if not isinstance(part, End)) == data
