"""Message faults as another implementation of HTTP sees them: the standard library's client and server, on a real link."""

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio

from chaoscli.faults.abort import Abort
from chaoscli.faults.bad_chunk import BadChunk
from chaoscli.faults.base import MessageFault
from chaoscli.faults.drip import Drip
from chaoscli.faults.drop import Drop
from chaoscli.faults.duplicate import Duplicate
from chaoscli.faults.error import Error
from chaoscli.faults.late import Late
from chaoscli.faults.truncate import Truncate
from chaoscli.faults.wrong_length import WrongLength
from tests.proxy.stage import LINK, REQUEST, Stage

# How long a caller waits for what never comes. Only ever waited for in full where nothing may come.
GIVES_UP_S = 0.3
# How long a caller waits for what does come, on a busy machine.
PATIENCE_S = 20.0
THINGS = b"abcdefghij" * 100


class Shop(http.server.BaseHTTPRequestHandler):
    """Keeps connections; a path of ``/chunked`` is answered in chunks; whatever was asked is noted."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for begin in range(0, len(THINGS), 100):
                self.wfile.write(b"64\r\n" + THINGS[begin : begin + 100] + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(THINGS)))
            self.end_headers()
            self.wfile.write(THINGS)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(f"{self.path} {body.decode()}")
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    # A connection that the proxy resets is no news to anyone.
    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), type("ThisShop", (Shop,), {"asked": []}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def asked(shop: Server) -> list[str]:
    notes: list[str] = shop.RequestHandlerClass.asked  # type: ignore[attr-defined]
    return notes


Talk = Callable[[http.client.HTTPConnection], Any]


async def harmed(stage: Stage, shop: Server, fault: MessageFault | None, talk: Talk, *, patience_s: float = PATIENCE_S) -> Any:
    """What ``talk`` returns when it has a connection to the shop over a link with the fault."""
    address = stage.board.add_link(LINK, upstream=shop.server_address[:2], http=True)  # type: ignore[arg-type]
    if fault is not None:
        stage.inject("harm", fault, REQUEST)

    def call() -> Any:
        connection = http.client.HTTPConnection(*address, timeout=patience_s)
        try:
            return talk(connection)
        finally:
            connection.close()

    with trio.fail_after(2 * PATIENCE_S):
        return await trio.to_thread.run_sync(call)


def get(connection: http.client.HTTPConnection, path: str = "/") -> tuple[int, bytes]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


def post(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
    connection.request("POST", "/orders", body)
    response = connection.getresponse()
    return response.status, response.read()


def failure(talk: Talk) -> Talk:
    """The kind of exception that ``talk`` meets."""

    def failing(connection: http.client.HTTPConnection) -> type[BaseException] | None:
        try:
            talk(connection)
        except (http.client.HTTPException, OSError, ValueError) as error:
            return type(error)
        return None

    return failing


async def test_nothing_changes_where_nothing_is_wrong(stage: Stage, shop: Server) -> None:
    def talk(connection: http.client.HTTPConnection) -> list[tuple[int, bytes]]:
        return [get(connection), get(connection, "/chunked"), post(connection, b"two books"), get(connection)]

    told = await harmed(stage, shop, None, talk)
    assert told == [(200, THINGS), (200, THINGS), (201, b"two books"), (200, THINGS)]
    assert stage.board.counts()[LINK].connections == 1


async def test_an_error_is_a_whole_reply_on_a_connection_that_goes_on(stage: Stage, shop: Server) -> None:
    def talk(connection: http.client.HTTPConnection) -> tuple[int, str | None, bytes, tuple[int, bytes]]:
        connection.request("POST", "/orders", b"two books")
        response = connection.getresponse()
        return response.status, response.getheader("Retry-After"), response.read(), post(connection, b"one book")

    told = await harmed(stage, shop, Error(status=429, body="later", retry_after=2.0, first=1), talk)
    assert told == (429, "2", b"later", (201, b"one book"))
    assert asked(shop) == ["/orders one book"]


async def test_a_duplicate_is_worked_on_twice_and_heard_once(stage: Stage, shop: Server) -> None:
    def talk(connection: http.client.HTTPConnection) -> list[tuple[int, bytes]]:
        return [post(connection, b"two books"), get(connection)]

    assert await harmed(stage, shop, Duplicate(method="POST"), talk) == [(201, b"two books"), (200, THINGS)]
    assert asked(shop) == ["/orders two books", "/orders two books", "/"]


@pytest.mark.parametrize(
    ("fault", "path", "met"),
    [
        (Truncate(keep=100.0), "/", http.client.IncompleteRead),
        (Truncate(keep=150.0), "/chunked", http.client.IncompleteRead),
        (Truncate(keep=100.0, ending="reset"), "/", ConnectionResetError),
        (BadChunk(), "/", http.client.IncompleteRead),
        (BadChunk(), "/chunked", http.client.IncompleteRead),
        (Abort(), "/", ConnectionResetError),
        (Abort(what="request"), "/", ConnectionResetError),
    ],
)
async def test_a_broken_reply_is_recognized_as_broken(
    stage: Stage, shop: Server, fault: MessageFault, path: str, met: type[BaseException]
) -> None:
    assert await harmed(stage, shop, fault, failure(lambda connection: get(connection, path))) is met
    assert asked(shop) == ([] if fault == Abort(what="request") else [path])


@pytest.mark.parametrize("fault", [Drop(), Drop(what="reply"), WrongLength(by=5.0)])
async def test_what_never_comes_is_waited_for_in_vain(stage: Stage, shop: Server, fault: MessageFault) -> None:
    assert await harmed(stage, shop, fault, failure(get), patience_s=GIVES_UP_S) is TimeoutError


async def test_a_length_that_is_too_short_cuts_the_reply_short(stage: Stage, shop: Server) -> None:
    assert await harmed(stage, shop, WrongLength(by=10.0, says="less"), get) == (200, THINGS[:-10])


@pytest.mark.parametrize("fault", [Drip(piece=100.0, interval=0.001), Late(by=0.01), Late(by=0.01, what="request")])
async def test_a_slow_exchange_is_complete_all_the_same(stage: Stage, shop: Server, fault: MessageFault) -> None:
    def talk(connection: http.client.HTTPConnection) -> list[tuple[int, bytes]]:
        return [get(connection), get(connection, "/chunked")]

    assert await harmed(stage, shop, fault, talk) == [(200, THINGS), (200, THINGS)]
