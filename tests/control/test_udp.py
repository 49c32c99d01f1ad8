"""Proxies of the protocol udp over the API: Toxiproxy's shapes with one member more, and toxics that harm datagrams."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from chaoscli.control.fault_text import FaultTextError, LinkFault, parse_fault
from chaoscli.control.metrics import page
from chaoscli.control.standalone import farewell, line_of, welcome
from chaoscli.control.toxics import asked_as_toxic
from chaoscli.control.wire import ToxicAsked
from chaoscli.events import FaultMeasured
from chaoscli.faults.catalogue import BOTH
from chaoscli.faults.datagrams.loss import DatagramLoss
from tests.control.live import PATIENCE_S, Live, start


@pytest.fixture
async def upstream() -> AsyncIterator[trio.socket.SocketType]:
    sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    await sock.bind(("127.0.0.1", 0))
    yield sock
    sock.close()


@pytest.fixture
async def client() -> AsyncIterator[trio.socket.SocketType]:
    sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    yield sock
    sock.close()


def address_of(sock: trio.socket.SocketType) -> str:
    host, port = sock.getsockname()
    return f"{host}:{port}"


async def heard(sock: trio.socket.SocketType) -> bytes:
    with trio.fail_after(PATIENCE_S):
        return await sock.recv(100)


async def made(live: Live, upstream: trio.socket.SocketType, client: trio.socket.SocketType, **fields: Any) -> dict[str, Any]:
    """A proxy to ``upstream`` that ``client`` speaks to."""
    proxy = await live.create("dns", upstream=address_of(upstream), protocol="udp", **fields)
    host, port = proxy["listen"].split(":")
    await client.connect((host, int(port)))
    return proxy


async def test_a_udp_proxy_is_one_of_toxiproxy_s_with_a_member_more(
    live: Live, upstream: trio.socket.SocketType, client: trio.socket.SocketType
) -> None:
    proxy = await made(live, upstream, client)
    assert proxy == {
        "name": "dns",
        "listen": proxy["listen"],
        "upstream": address_of(upstream),
        "enabled": True,
        "protocol": "udp",
        "Logger": {},
        "toxics": [],
    }
    await client.send(b"ask")
    assert await heard(upstream) == b"ask"
    assert await live.asked("GET", "/proxies/dns") == proxy
    web = await live.create("web", protocol="tcp")
    assert "protocol" not in web


async def test_its_toxics_come_change_and_go(
    live: Live, upstream: trio.socket.SocketType, client: trio.socket.SocketType
) -> None:
    await made(live, upstream, client)
    lost = await live.asked("POST", "/proxies/dns/toxics", {"type": "loss", "stream": "upstream", "attributes": {"rate": "100%"}})
    assert lost == {
        "attributes": {"rate": "100%"},
        "name": "loss_upstream",
        "type": "loss",
        "stream": "upstream",
        "toxicity": 1,
    }
    await client.send(b"into the void")
    await live.asked("POST", "/proxies/dns/toxics/loss_upstream", {"attributes": {"rate": 0}})
    await client.send(b"through")
    assert await heard(upstream) == b"through"
    await live.asked("DELETE", "/proxies/dns/toxics/loss_upstream")
    (told,) = (event for event in live.told if isinstance(event, FaultMeasured))
    assert (told.met, told.touched, told.asked_share, told.achieved_share) == (2, 1, 0.5, 0.5)


async def test_latency_keeps_the_attributes_of_the_original(
    live: Live, upstream: trio.socket.SocketType, client: trio.socket.SocketType
) -> None:
    toxic = {"type": "latency", "stream": "upstream", "attributes": {"latency": 50}}
    await made(live, upstream, client, toxics=[toxic])
    began = trio.current_time()
    await client.send(b"late")
    assert await heard(upstream) == b"late"
    assert trio.current_time() - began >= 0.05


async def test_disabling_forgets_the_clients_and_keeps_the_counts(
    live: Live, upstream: trio.socket.SocketType, client: trio.socket.SocketType
) -> None:
    proxy = await made(live, upstream, client)
    await client.send(b"first")
    assert await heard(upstream) == b"first"
    await live.asked("POST", "/proxies/dns", {"enabled": False})
    await client.send(b"nobody there")
    with pytest.raises(ConnectionRefusedError):
        await heard(client)
    await live.asked("POST", "/proxies/dns", {"enabled": True})
    await client.send(b"second")
    assert await heard(upstream) == b"second"
    assert (await live.asked("GET", "/proxies/dns"))["listen"] == proxy["listen"]
    text = (await live.ask("GET", "/metrics")).body.decode()
    assert 'chaos_datagrams_total{direction="upstream",proxy="dns"} 2\n' in text
    assert 'chaos_datagrams_total{direction="downstream",proxy="dns"} 0\n' in text
    assert 'chaos_datagrams_lost_total{proxy="dns",why="dropped"} 0\n' in text
    assert 'chaos_connections_total{proxy="dns"} 2\n' in text
    assert "chaos_datagrams" not in page([])


async def test_an_upstream_that_is_no_address_loses_datagrams_and_not_the_proxy(
    live: Live, upstream: trio.socket.SocketType, client: trio.socket.SocketType
) -> None:
    proxy = await live.create("dns", upstream="no address at all", protocol="udp")
    host, port = proxy["listen"].split(":")
    await client.connect((host, int(port)))
    await client.send(b"whereto?")
    with trio.fail_after(PATIENCE_S):
        while True:
            (total,) = live.serving.collection.totals()
            if total.carried.dropped + total.carried.refused:
                break
            await trio.sleep(0.001)
    await live.asked("POST", "/proxies/dns", {"upstream": address_of(upstream)})
    await client.send(b"there")
    assert await heard(upstream) == b"there"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"protocol": "quic"}, "protocol is tcp or udp, and not 'quic'"),
        ({"protocol": "udp", "http": True}, "http is carried over tcp, and not over udp"),
        ({"protocol": 17}, "json: cannot unmarshal number into Go struct field Proxy.protocol of type string"),
        (
            {"protocol": "udp", "toxics": [{"type": "bandwidth", "attributes": {"rate": 1}}]},
            "bandwidth does not harm datagrams; what does is corrupt, duplication, latency, loss, noop, reordering",
        ),
        (
            {"toxics": [{"type": "duplication", "attributes": {"rate": 0.1}}]},
            'duplication harms datagrams: create the proxy with "protocol": "udp"',
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(live: Live, fields: dict[str, Any], reason: str) -> None:
    response = await live.ask("POST", "/proxies", {"name": "dns", "listen": "localhost:0", "upstream": live.echo, **fields})
    assert (response.status, json.loads(response.body)["error"]) == (400, f"bad request body: {reason}")
    assert await live.asked("GET", "/proxies") == {}


async def test_the_protocol_is_settled_when_a_proxy_is_created(live: Live, upstream: trio.socket.SocketType) -> None:
    proxy = await live.create("dns", upstream=address_of(upstream), protocol="udp")
    assert (await live.ask("POST", "/proxies/dns", proxy)).status == 200
    response = await live.ask("POST", "/proxies/dns", {"protocol": "tcp"})
    assert json.loads(response.body)["error"] == "bad request body: protocol is settled when a proxy is created"


async def test_populating_replaces_a_proxy_of_the_other_protocol(live: Live, upstream: trio.socket.SocketType) -> None:
    fields = {"name": "dns", "listen": "localhost:0", "upstream": address_of(upstream)}
    (first,) = (await live.asked("POST", "/populate", [fields]))["proxies"]
    (second,) = (await live.asked("POST", "/populate", [{**first, "listen": "localhost:0", "protocol": "udp"}]))["proxies"]
    (third,) = (await live.asked("POST", "/populate", [second]))["proxies"]
    assert ("protocol" in first, second["protocol"], third) == (False, "udp", second)


async def test_a_port_that_is_taken_is_told_in_the_words_of_the_original(live: Live, upstream: trio.socket.SocketType) -> None:
    taken = address_of(upstream)
    response = await live.ask("POST", "/proxies", {"name": "dns", "listen": taken, "upstream": taken, "protocol": "udp"})
    assert json.loads(response.body)["error"] == f"listen udp {taken}: bind: address already in use"


async def test_one_link_is_made_on_the_command_line_or_from_a_file(
    nursery: trio.Nursery, upstream: trio.socket.SocketType, client: trio.socket.SocketType, tmp_path: Path
) -> None:
    config = tmp_path / "proxies.json"
    config.write_text(json.dumps([{"name": "ntp", "listen": "localhost:0", "upstream": "localhost:123", "protocol": "udp"}]))
    live = await start(nursery, udp=True, upstream=address_of(upstream), faults=("loss 100% direction reply",), config=config)
    collection = live.serving.collection
    ntp, proxy = (collection.proxies[name] for name in ("ntp", "proxy"))
    assert welcome(live.serving).splitlines()[:2] == [
        f"ntp  {ntp.listen} -> localhost:123  (udp)",
        f"proxy  {proxy.listen} -> {address_of(upstream)}  (udp)",
    ]
    await client.connect(("127.0.0.1", int(proxy.listen.rpartition(":")[2])))
    await client.send(b"ask")
    with trio.fail_after(PATIENCE_S):
        asked, link = await upstream.recvfrom(100)
    await upstream.sendto(b"answer", link)
    assert asked == b"ask"
    with trio.fail_after(PATIENCE_S):
        while not collection.totals()[1].carried.datagrams_reply:  # noqa: ASYNC110  # nothing tells of a datagram that is lost
            await trio.sleep(0.001)
    assert farewell(collection).splitlines() == [
        "ntp  0 clients, 0 datagrams (0B) there, 0 (0B) back",
        "proxy  1 clients, 1 datagrams (3B) there, 1 (6B) back",
    ]
    await live.asked("DELETE", "/proxies/proxy/toxics/loss")
    (measured,) = (event for event in live.told if isinstance(event, FaultMeasured))
    assert line_of(measured) == "proxy/loss: touched 1 of 1, 100% asked, 100% achieved"
    await live.aclose()


def test_a_line_of_text_is_a_fault_of_datagrams_where_datagrams_pass() -> None:
    line = parse_fault("loss 10% correlation 20%", udp=True)
    assert line == LinkFault(
        kind="loss",
        fault=DatagramLoss(rate=0.1, correlation=0.2),
        given={"rate": 0.1, "correlation": 0.2},
        directions=BOTH,
        udp=True,
    )
    assert asked_as_toxic(parse_fault("reordering 5% by 3ms", udp=True)) == ToxicAsked(
        type="reordering", stream="both", toxicity=1.0, attributes={"rate": 0.05, "by": 0.003}
    )


@pytest.mark.parametrize(
    ("text", "udp", "message", "hint"),
    [
        ("bandwidth 1MB/s", True, "'bandwidth' does not harm datagrams", "latency, loss, duplication, reordering, corrupt"),
        ("duplication 5%", False, "'duplication' harms datagrams", "a link carries them with --udp"),
        ("duplicaton 5%", True, "unknown fault 'duplicaton'", "did you mean 'duplication'?"),
    ],
)
def test_a_fault_for_the_other_sort_of_link_is_told_so(text: str, udp: bool, message: str, hint: str) -> None:
    with pytest.raises(FaultTextError) as caught:
        parse_fault(text, udp=udp)
    assert caught.value.problem.message == message
    assert hint in caught.value.problem.hint
