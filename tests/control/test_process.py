"""The API over a world's links, asked for through the channel that its owner holds."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest
import trio

from chaoscli.control.process import run
from chaoscli.errors import NotMadeError
from chaoscli.messages import Request, Response
from chaoscli.net.channel import Channel, Line
from chaoscli.net.http_client import HttpTransport
from tests.control.live import PATIENCE_S, echo, round_trip, start_upstream

LINK = "order -> inventory"


class Owner:
    """The far end of the proxy's channel."""

    def __init__(self, channel: Channel, told: list[Line]) -> None:
        self.ask = channel.ask
        self.told = told


async def _answer_nothing(line: Line) -> Mapping[str, Any] | None:
    raise AssertionError(f"the proxy asked {line}")


@pytest.fixture
async def owner(nursery: trio.Nursery) -> Owner:
    ours, theirs = socket.socketpair()
    channel, told = Channel(ours, "the proxy"), []  # type: ignore[var-annotated]
    nursery.start_soon(channel.run, _answer_nothing, told.append)
    nursery.start_soon(run, Channel(theirs, "the proxy"), {"seed": 1, "links": [{"name": LINK, "http": False}]})
    return Owner(channel, told)


async def opened(owner: Owner, upstream: str, port: int = 0) -> tuple[str, int]:
    host, _colon, upstream_port = upstream.rpartition(":")
    address = (await owner.ask("links"))["addresses"][LINK]
    await owner.ask("upstream", link=LINK, address=[host, int(upstream_port)])
    link = {"name": LINK, "address": address, "upstream": [host, int(upstream_port)], "http": False}
    host, bound = (await owner.ask("api", port=port, links=[link]))["address"]
    return host, bound


async def test_its_links_are_proxies_that_can_be_poisoned_disabled_and_enabled(owner: Owner, nursery: trio.Nursery) -> None:
    upstream = await start_upstream(nursery, echo)
    transport = HttpTransport({"toxiproxy": await opened(owner, upstream)})
    path = "/proxies/order%20-%3E%20inventory"

    async def ask(method: str, target: str, value: Any = None) -> Response:
        body = b"" if value is None else json.dumps(value).encode()
        with trio.fail_after(PATIENCE_S):
            return await transport.exchange("toxiproxy", Request(method=method, target=target, body=body))

    shown = json.loads((await ask("GET", "/proxies")).body)
    assert (list(shown), shown[LINK]["upstream"], shown[LINK]["enabled"]) == ([LINK], upstream, True)
    host, _colon, port = shown[LINK]["listen"].rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await ask("POST", f"{path}/toxics", {"name": "lag", "type": "latency", "attributes": {"latency": 50}})
        assert await round_trip(stream) > 0.045
    for enabled in (False, True):
        assert json.loads((await ask("POST", path, {"enabled": enabled})).body)["enabled"] is enabled
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        assert await round_trip(stream) > 0.045
    injected = [line for line in owner.told if line["event"] == "fault_injected"]
    assert injected[0]["fault"] == f"{LINK}/lag"
    await transport.aclose()


async def test_a_port_that_is_taken_is_refused_and_another_may_be_asked_for(owner: Owner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(NotMadeError, match="the port is taken"):
        await opened(owner, "127.0.0.1:1", taken.getsockname()[1])
    assert (await opened(owner, "127.0.0.1:1"))[0] == "127.0.0.1"
