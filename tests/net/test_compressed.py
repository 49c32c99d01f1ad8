"""Compressed answers: smaller on the way, whole at both ends, and never larger than a caller takes."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.net.compressed import CompressedTransport, compressed, whole
from chaoscli.net.pool import ClientLimits

ASKING = Request(method="GET", target="/", headers=(("accept-encoding", "br, gzip"),))
PAGE = Response(status=200, headers=(("content-type", "application/json"),), body=b'{"book":"a history of maps"}' * 100)


def test_an_answer_travels_small_and_arrives_whole() -> None:
    packed = compressed(PAGE, ASKING)
    assert len(packed.body) < len(PAGE.body) / 10
    assert packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == PAGE.body  # as anybody reads it
    assert whole(packed) == PAGE


@given(st.binary(max_size=3000))
def test_any_answer_comes_back_as_it_was(body: bytes) -> None:
    response = Response(status=200, body=body)
    assert whole(compressed(response, ASKING)) == response


@pytest.mark.parametrize("accepts", ["", "br", "gzipped", "identity"])
def test_who_does_not_ask_for_it_gets_it_as_it_is(accepts: str) -> None:
    assert compressed(PAGE, Request(method="GET", target="/", headers=(("accept-encoding", accepts),))) is PAGE


def test_what_is_short_or_would_not_shrink_is_left_alone() -> None:
    short = Response(status=200, body=b"x" * 255)
    packed_already = Response(status=200, body=zlib.compress(bytes(range(256)) * 4, 9))
    assert compressed(short, ASKING) is short
    assert compressed(packed_already, ASKING) is packed_already


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"x" * 1000)[:-9], gzip.compress(bytes(ClientLimits().body_bytes + 1))],
    ids=["not gzip", "cut short", "too long"],
)
def test_what_is_not_what_it_says_or_a_bomb_is_no_answer(body: bytes) -> None:
    with pytest.raises(CallError) as caught:
        whole(Response(status=200, headers=(("content-encoding", "gzip"),), body=body))
    assert caught.value.result is Result.RESET


async def test_only_callees_that_offer_it_are_asked_for_it() -> None:
    class Inner:
        async def exchange(self, callee: str, request: Request) -> Response:
            return compressed(PAGE, request)

    transport = CompressedTransport(inner=Inner(), calls={"catalog": {"compressed": True}, "stock": {}})
    plain = Request(method="GET", target="/")
    assert [await transport.exchange(name, plain) for name in ("catalog", "stock")] == [PAGE, PAGE]
