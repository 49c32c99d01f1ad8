"""A real board with its API on loopback sockets, an upstream that echoes, and short words to drive them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import trio

from chaoscli.control.serving import ProxyOptions, Serving, serve
from chaoscli.events import Event
from chaoscli.messages import Request, Response
from chaoscli.net.http_client import HttpTransport

# Far beyond what anything here takes on a busy machine; a test that needs it has failed.
PATIENCE_S = 20.0


class Live:
    """``told`` are the events so far; ``echo`` is an upstream's address."""

    def __init__(self, serving: Serving, told: list[Event], echo: str) -> None:
        assert serving.api is not None
        self.serving = serving
        self.api = serving.api
        self.told = told
        self.echo = echo
        self._http = HttpTransport({"toxiproxy": serving.api})

    async def ask(self, method: str, target: str, value: Any = None, **headers: str) -> Response:
        body = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
        named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
        with trio.fail_after(PATIENCE_S):
            return await self._http.exchange("toxiproxy", Request(method=method, target=target, headers=named, body=body))

    async def asked(self, method: str, target: str, value: Any = None) -> Any:
        """The reply's JSON; the request must have gone well."""
        response = await self.ask(method, target, value)
        assert response.status < 300, response.body
        return json.loads(response.body) if response.body else None

    async def create(self, name: str = "web", **fields: Any) -> dict[str, Any]:
        """A proxy to the echo, on a free port."""
        made: dict[str, Any] = await self.asked(
            "POST", "/proxies", {"name": name, "listen": "localhost:0", "upstream": self.echo, **fields}
        )
        return made

    async def connect(self, proxy: dict[str, Any]) -> trio.SocketStream:
        host, _colon, port = proxy["listen"].rpartition(":")
        return await trio.open_tcp_stream(host, int(port))

    async def aclose(self) -> None:
        await self._http.aclose()


Handler = Callable[[trio.SocketStream], Awaitable[None]]


async def start_upstream(nursery: trio.Nursery, handler: Handler) -> str:
    """A server on a free port of the loopback; its address as text."""
    listeners: list[trio.SocketListener] = await nursery.start(partial(trio.serve_tcp, handler, 0, host="127.0.0.1"))
    host, port = listeners[0].socket.getsockname()
    return f"{host}:{port}"


async def echo(stream: trio.SocketStream) -> None:
    try:
        async for data in stream:
            await stream.send_all(data)
        await stream.send_eof()
    except trio.BrokenResourceError:
        pass  # a toxic did its work


async def start(nursery: trio.Nursery, **options: Any) -> Live:
    told: list[Event] = []
    upstream = await start_upstream(nursery, echo)

    async def run(task_status: trio.TaskStatus[Serving]) -> None:
        await serve(ProxyOptions(**{"port": 0, **options}), tell=told.append, task_status=task_status)

    return Live(await nursery.start(run), told, upstream)


async def round_trip(stream: trio.SocketStream, data: bytes = b"hello") -> float:
    """Send ``data``, read as much back, and say how long it took in seconds."""
    began = trio.current_time()
    with trio.fail_after(PATIENCE_S):
        await stream.send_all(data)
        assert await read_exactly(stream, len(data)) == data
    return trio.current_time() - began


async def read_exactly(stream: trio.SocketStream, size: int) -> bytes:
    read = b""
    while len(read) < size:
        data = await stream.receive_some(size - len(read))
        assert data, f"the stream ended after {len(read)} of {size} bytes"
        read += data
    return read


async def read_to_end(stream: trio.SocketStream) -> bytes:
    """All that comes until the end of the stream; trio.BrokenResourceError on a reset."""
    read = b""
    with trio.fail_after(PATIENCE_S):
        async for data in stream:
            read += data
    return read


class _Names(trio.abc.HostnameResolver):
    def __init__(self, answer: Callable[[str], Awaitable[Any]]) -> None:
        self._answer = answer

    async def getaddrinfo(self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        return await self._answer(host.decode())

    async def getnameinfo(self, sockaddr: Any, flags: int) -> Any:
        raise AssertionError(f"nobody asks who has the address {sockaddr}")


@contextmanager
def names(answer: Callable[[str], Awaitable[Any]]) -> Iterator[None]:
    """Host names are looked up by ``answer`` meanwhile, which returns what getaddrinfo would."""
    trio.socket.set_custom_hostname_resolver(_Names(answer))
    try:
        yield
    finally:
        trio.socket.set_custom_hostname_resolver(None)
