"""A proxy before a service that is running already; here an HTTP server and an echo of this very process."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import trio

import chaoscli
from chaoscli.errors import NotMadeError
from chaoscli.events import FaultTouched
from chaoscli.faults.latency import Latency
from chaoscli.faults.slow import Slow
from chaoscli.python.portal import Portal

LONGEST_S = 10.0


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hello) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as portal:
        yield portal


def get(port: int) -> tuple[int, bytes, float]:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_S)
    try:
        connection.request("GET", "/")
        reply = connection.getresponse()
        return reply.status, reply.read(), time.monotonic() - began
    finally:
        connection.close()


def test_what_is_asked_of_the_proxy_is_answered_by_the_service(service: str) -> None:
    with chaoscli.proxy_to(service) as proxy:
        assert get(proxy.port)[:2] == (200, b"hello")
        assert (proxy.host, proxy.address) == ("127.0.0.1", f"127.0.0.1:{proxy.port}")
        assert proxy.counts().connections == 1
    with pytest.raises(ConnectionRefusedError):
        get(proxy.port)


def test_a_fault_lasts_as_long_as_its_block(service: str, portal: Portal) -> None:
    with chaoscli.proxy_to(service, portal=portal) as proxy:
        with proxy.fault("latency 150ms") as name:
            late = get(proxy.port)[2]
        with proxy.fault(Latency(delay=0.15), name="lag", direction="both") as lag:
            twice = get(proxy.port)[2]
        prompt = get(proxy.port)[2]
    assert (name, lag) == ("latency", "lag")
    assert late >= 0.15
    assert twice >= 0.3
    assert prompt < 0.15


def test_whole_messages_are_harmed_where_they_are_looked_for(service: str, portal: Portal) -> None:
    with chaoscli.proxy_to(service, http=True, portal=portal) as proxy:
        with proxy.fault("error 503"):
            assert get(proxy.port)[0] == 503
        assert get(proxy.port)[0] == 200
        assert [event.action for event in proxy.events if isinstance(event, FaultTouched)] == ["answer"]


def test_datagrams_are_carried_and_lost(portal: Portal) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        service.bind(("127.0.0.1", 0))
        for end in (service, client):
            end.settimeout(LONGEST_S)
        where = f"127.0.0.1:{service.getsockname()[1]}"
        with chaoscli.proxy_to(where, udp=True, portal=portal) as proxy:
            with proxy.fault("loss 100%", direction="request"):
                client.sendto(b"lost", (proxy.host, proxy.port))
                deadline = time.monotonic() + LONGEST_S
                while proxy.counts().datagrams_request < 1 and time.monotonic() < deadline:
                    time.sleep(0.002)
            client.sendto(b"found", (proxy.host, proxy.port))
            assert service.recv(100) == b"found"


@pytest.mark.parametrize(
    ("upstream", "fault", "says", "hint"),
    [
        ("nowhere", "", "'nowhere' cannot be reached: address nowhere: missing port in address", "write it like 127.0.0.1:5432"),
        ("127.0.0.1:1", "error 503", "'error' harms HTTP messages", "proxy_to('127.0.0.1:1', http=True)"),
        ("127.0.0.1:1", "reset for 2s", "'reset for 2s': it lasts as long as the block it stands in", "leave out `for`"),
        ("127.0.0.1:1", "latency", "latency needs 'delay'", "how much later each chunk of bytes arrives"),
        ("127.0.0.1:1", Slow(by=2.0), "Slow(by=2.0) is no fault that this link can have", "`chaos explain faults` lists them"),
    ],
)  # fmt: skip
def test_mistakes_say_the_way_out(portal: Portal, upstream: str, fault: Any, says: str, hint: str) -> None:
    with (
        pytest.raises(chaoscli.ChaosError) as raised,
        chaoscli.proxy_to(upstream, portal=portal) as proxy,
        proxy.fault(fault),
    ):
        pass
    assert raised.value.message == says
    assert hint in raised.value.hint


def test_a_port_that_is_taken_is_said(service: str, portal: Portal) -> None:
    with (
        pytest.raises(NotMadeError, match=f"cannot listen on {service}: address already in use"),
        chaoscli.proxy_to("127.0.0.1:1", listen=service, portal=portal),
    ):
        pass


async def test_tasks_of_trio_await_it(service: str) -> None:
    async with chaoscli.proxy_to(service) as proxy:
        async with proxy.fault("latency 50ms"):
            status, _, seconds = await trio.to_thread.run_sync(get, proxy.port)
        assert (await proxy.counts()).connections == 1
    assert (status, seconds >= 0.05) == (200, True)


def test_asyncio_awaits_it(service: str) -> None:
    async def main() -> tuple[int, float]:
        async with chaoscli.proxy_to(service) as proxy, proxy.fault("latency 50ms"):
            status, _, seconds = await asyncio.to_thread(get, proxy.port)
            return status, seconds

    status, seconds = asyncio.run(main())
    assert (status, seconds >= 0.05) == (200, True)
