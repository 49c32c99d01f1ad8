"""Values as bytes: the very ones the real peers send, recognised whole in any pieces, and parsed where somebody touched them."""

from __future__ import annotations

from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import Request, Response
from chaoscli.net.codec import Reader, request_bytes, request_size, response_bytes, response_size

GET = Request(method="GET", target="/check?quantity=1", headers=(("x-request-id", "r-1"), ("x-caller", "order")))
POST = Request(method="POST", target="/orders", headers=(("content-type", "application/json"),), body=b'{"n":1}')
EMPTY_POST = Request(method="POST", target="/orders")
OK = Response(status=200, headers=(("content-type", "application/json"),), body=b'{"left":99}')
NOTHING = Response(status=204)
ODD = Response(status=599, body=b"?")
REQUESTS, RESPONSES = [GET, POST, EMPTY_POST], [OK, NOTHING, ODD]


def cuts(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_is_what_the_real_client_sends(request_: Request) -> None:
    client = h11.Connection(h11.CLIENT)
    headers = [("host", "inventory"), *request_.headers]
    if request_.method == "POST":
        headers.append(("content-length", str(len(request_.body))))
    sent = client.send(h11.Request(method=request_.method, target=request_.target, headers=headers)) or b""
    sent += client.send(h11.Data(data=request_.body)) or b""
    assert request_bytes("inventory", request_) == sent
    assert request_size("inventory", request_) == len(sent)


@pytest.mark.parametrize("response", RESPONSES)
def test_a_reply_is_what_the_real_server_sends(response: Response) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(request_bytes("inventory", GET))
    assert isinstance(server.next_event(), h11.Request)
    headers = [*response.headers]
    if response.status != 204:
        headers.append(("content-length", str(len(response.body))))
    reason = {200: b"OK", 204: b"No Content"}.get(response.status, b"")
    sent = server.send(h11.Response(status_code=response.status, headers=headers, reason=reason)) or b""
    if response.body:
        sent += server.send(h11.Data(data=response.body)) or b""
    assert response_bytes(response) == sent
    assert response_size(response) == len(sent)


@given(st.lists(st.integers(0, 10_000), max_size=8))
def test_expected_messages_are_recognised_in_any_pieces(places: list[int]) -> None:
    reader: Reader[Request] = Reader()
    data = b""
    for message in REQUESTS:
        reader.expect(request_bytes("inventory", message), message)
        data += request_bytes("inventory", message)
    found = [message for piece in cuts(data, places) for message in reader.read(piece)]
    assert found == REQUESTS
    assert all(one is other for one, other in zip(found, REQUESTS, strict=True))  # the values themselves, not parsed again
    assert not reader.in_midst


@given(st.lists(st.integers(0, 10_000), max_size=8))
def test_messages_nobody_told_of_are_parsed_in_any_pieces(places: list[int]) -> None:
    reader: Reader[Request] = Reader()
    data = request_bytes("inventory", POST) * 2
    found = [message for piece in cuts(data, places) for message in reader.read(piece)]
    assert [(one.method, one.target, one.body) for one in found] == [("POST", "/orders", b'{"n":1}')] * 2
    assert found[0].header("host") == "inventory"


def test_what_was_dropped_on_the_way_is_passed_over() -> None:
    reader: Reader[Request] = Reader()
    for message in REQUESTS:
        reader.expect(request_bytes("inventory", message), message)
    assert reader.read(request_bytes("inventory", POST)) == [POST]
    assert reader.read(request_bytes("inventory", EMPTY_POST)) == [EMPTY_POST]


def test_a_changed_message_is_parsed_as_it_came() -> None:
    reader: Reader[Response] = Reader()
    reader.request = GET
    reader.expect(response_bytes(OK), OK)
    (changed,) = reader.read(response_bytes(OK).replace(b"99", b"98"))
    assert changed.body == b'{"left":98}'


def test_a_reply_without_a_length_ends_with_the_stream() -> None:
    reader: Reader[Response] = Reader()
    reader.request = GET
    assert reader.read(b"HTTP/1.1 200 OK\r\n\r\nsome") == []
    assert reader.in_midst
    assert [one.body for one in reader.end()] == [b"some"]


def test_a_reply_cut_short_is_an_error_as_it_is_for_the_real_client() -> None:
    reader: Reader[Response] = Reader()
    reader.request = GET
    reader.expect(response_bytes(OK), OK)
    reader.read(response_bytes(OK)[:-3])
    with pytest.raises(h11.RemoteProtocolError, match="without sending complete message body"):
        reader.end()


def test_a_head_alone_has_no_body_where_none_was_asked_for() -> None:
    reader: Reader[Response] = Reader()
    reader.request = Request(method="HEAD", target="/")
    (answer,) = reader.read(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
    assert (answer.status, answer.body) == (200, b"")


def test_nonsense_is_an_error() -> None:
    reader: Reader[Request] = Reader()
    with pytest.raises(h11.RemoteProtocolError):
        reader.read(b"\x00\x01\x02\r\n\r\n")
