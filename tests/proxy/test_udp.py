"""Datagrams pass a UDP link whole, once and in order, each client by itself, and the link outlives what goes wrong."""

from __future__ import annotations

import errno
import gc
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from chaoscli.errors import NotMadeError
from chaoscli.events import LinkCounted
from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.drop import Drop
from chaoscli.faults.latency import Latency
from chaoscli.proxy import udp, udp_clients, udp_held
from chaoscli.proxy.descriptors import allow_many
from chaoscli.proxy.udp_sockets import joined_datagrams
from tests.proxy.stage import LINK, PATIENCE_S, REQUEST
from tests.proxy.udp_stage import UdpStage, callee_at, hear, hear_from, is_quiet, numbers_in


@pytest.fixture
async def stage(nursery: trio.Nursery) -> AsyncIterator[UdpStage]:
    """A running board and a callee, on sockets of this machine."""
    one = UdpStage(await callee_at(("127.0.0.1", 0)))
    await nursery.start(one.board.run)
    yield one
    one.close()
    nursery.cancel_scope.cancel()


async def test_datagrams_pass_both_ways_unchanged(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    await client.send(b"ask")
    asked, link = await hear_from(stage.callee)
    await stage.callee.sendto(b"answer", link)
    await stage.callee.sendto(b"and more", link)
    assert (asked, await hear(client), await hear(client)) == (b"ask", b"answer", b"and more")


async def test_a_clean_link_loses_nothing_and_keeps_the_order(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    assert await stage.heard(client, 5000) == list(range(5000))
    assert stage.counts().dropped == 0


async def test_an_empty_datagram_is_a_datagram(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    await client.send(b"")
    asked, link = await hear_from(stage.callee)
    await stage.callee.sendto(b"", link)
    assert (asked, await hear(client)) == (b"", b"")


async def test_the_largest_datagram_passes_and_a_larger_one_is_none(stage: UdpStage) -> None:
    # 65,535 less 20 bytes of IPv4 and 8 of UDP
    largest = os.urandom(65_507)
    client = await stage.client(stage.link())
    await client.send(largest)
    asked, link = await hear_from(stage.callee)
    await stage.callee.sendto(largest, link)
    assert (asked == largest, await hear(client) == largest) == (True, True)
    with pytest.raises(OSError, match="too long"):
        await client.send(largest + b"x")


async def test_what_is_too_long_for_the_other_side_is_counted_and_told(stage: UdpStage) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    client = await stage.client(stage.board.add_link(LINK, listen=("::1", 0), upstream=stage.callee.getsockname(), udp=True))
    await client.send(b"x" * 65_520)  # IPv6 takes 20 bytes more
    await client.send(b"short")
    assert await hear(stage.callee) == b"short"
    assert stage.counts().dropped == 1
    stage.board.remove_link(LINK)
    assert stage.warnings() == ["1 datagram lost: message too long"]


async def test_a_thousand_clients_are_answered_each_by_itself(stage: UdpStage) -> None:
    if allow_many() < 2_200:
        pytest.skip("the system does not allow a thousand clients and a thousand sockets for them")
    before = _descriptors()
    address = stage.link()
    clients = [await stage.client(address) for _ in range(1000)]
    links = set()
    for number, client in enumerate(clients):
        await client.send(str(number).encode())
        asked, link = await hear_from(stage.callee)
        links.add(link)
        await stage.callee.sendto(b"for " + asked, link)
    assert [await hear(client) for client in clients] == [b"for %d" % number for number in range(1000)]
    counts = stage.counts()
    assert (counts.connections, counts.open, len(links), counts.dropped) == (1000, 1000, 1000, 0)
    stage.board.remove_link(LINK)
    await trio.lowlevel.checkpoint()
    assert _descriptors() - before == len(clients)


async def test_counts_are_live(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    await client.send(b"four")
    _, link = await hear_from(stage.callee)
    await stage.callee.sendto(b"reply", link)
    await hear(client)
    counts = stage.counts()
    assert (counts.connections, counts.open, counts.datagrams_request, counts.datagrams_reply) == (1, 1, 1, 1)
    assert (counts.bytes_request, counts.bytes_reply, counts.held_bytes, counts.requests) == (4, 5, 0, 0)
    stage.board.tell_counts()
    (told,) = (event for event in stage.events if isinstance(event, LinkCounted))
    assert (told.connections, told.open, told.bytes_request, told.bytes_reply) == (1, 1, 4, 5)


# -- what goes wrong -------------------------------------------------------------------------------------------------------


async def test_an_upstream_where_nobody_listens_is_survived_and_told(stage: UdpStage) -> None:
    here = stage.callee.getsockname()
    stage.callee.close()
    client = await stage.client(stage.link_to(here))
    for sent in range(1, 11):
        await client.send(b"anybody?")
        await stage.until(lambda counts, sent=sent: counts.refused == sent)  # type: ignore[misc]
    await stage.callee_returns(here)
    await client.send(b"hello")
    assert await hear(stage.callee) == b"hello"
    stage.board.remove_link(LINK)
    assert stage.warnings() == ["10 datagrams lost: nobody listens upstream"]


async def test_a_refusal_of_one_datagram_does_not_cost_the_next(stage: UdpStage, monkeypatch: pytest.MonkeyPatch) -> None:
    refused_once = Stuck(1, ConnectionRefusedError(errno.ECONNREFUSED, "connection refused"))
    monkeypatch.setattr(udp, "joined_datagrams", lambda _address: refused_once)
    client = await stage.client(stage.link())
    await client.send(b"the next")
    await stage.until(lambda counts: counts.refused == 1)
    assert refused_once.sent == [b"the next"]


async def test_a_full_sending_buffer_costs_time_and_no_datagram(stage: UdpStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Stuck(5, BlockingIOError())
    monkeypatch.setattr(udp, "joined_datagrams", lambda _address: stuck)
    client = await stage.client(stage.link())
    await client.send(b"patience")
    await stage.until(lambda _counts: bool(stuck.sent))
    assert (stuck.sent, stage.counts().dropped, stage.counts().held_bytes) == ([b"patience"], 0, 0)


async def test_a_sending_buffer_that_stays_full_is_given_up(stage: UdpStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "joined_datagrams", lambda _address: Stuck(1_000_000, BlockingIOError()))
    monkeypatch.setattr(udp, "MOST_TRIES", 3)
    client = await stage.client(stage.link())
    await client.send(b"in vain")
    await stage.until(lambda counts: counts.dropped == 1)
    assert stage.counts().held_bytes == 0


async def test_datagrams_wait_until_the_upstream_is_known(stage: UdpStage) -> None:
    client = await stage.client(stage.board.add_link(LINK, upstream=None, udp=True))
    await stage.send(client, range(3))
    assert stage.counts().held_bytes > 0
    stage.board.set_upstream(LINK, stage.callee.getsockname())
    assert numbers_in(stage.callee) == [0, 1, 2]
    assert stage.counts().held_bytes == 0


async def test_a_known_client_stays_where_it_is_when_the_upstream_moves(stage: UdpStage) -> None:
    address = stage.link()
    client = await stage.client(address)
    await client.send(b"1")
    assert await hear(stage.callee) == b"1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        stage.board.set_upstream(LINK, other.getsockname())
        await client.send(b"2")
        assert await hear(stage.callee) == b"2"
        await (await stage.client(address)).send(b"3")
        other.settimeout(PATIENCE_S)
        assert await trio.to_thread.run_sync(other.recv, 10) == b"3"


# -- bounds ----------------------------------------------------------------------------------------------------------------


async def test_one_client_too_many_takes_the_place_of_the_one_quiet_longest(
    stage: UdpStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp_clients, "MOST_CLIENTS", 2)
    address = stage.link()
    clients = [await stage.client(address) for _ in range(3)]
    links = []
    for client in (clients[0], clients[1], clients[0], clients[2]):
        await client.send(b"here")
        links.append((await hear_from(stage.callee))[1])
    counts = stage.counts()
    assert (counts.connections, counts.open) == (3, 2)
    for link in links:
        await stage.callee.sendto(b"there", link)
    assert [await hear(clients[0]), await hear(clients[0]), await hear(clients[2])] == [b"there"] * 3
    assert await is_quiet(clients[1])
    stage.board.remove_link(LINK)
    assert "1 client had to make room for new ones: late answers to them are lost" in stage.warnings()


async def test_without_descriptors_a_quiet_client_makes_room(stage: UdpStage, monkeypatch: pytest.MonkeyPatch) -> None:
    address = stage.link()
    first, second = await stage.client(address), await stage.client(address)
    await first.send(b"first")
    assert await hear(stage.callee) == b"first"
    failures = [OSError(errno.EMFILE, "too many open files")]

    def failing_once(upstream: tuple[str, int]) -> Any:
        if failures:
            raise failures.pop()
        return joined_datagrams(upstream)

    monkeypatch.setattr(udp, "joined_datagrams", failing_once)
    await second.send(b"second")
    assert await hear(stage.callee) == b"second"
    assert (stage.counts().open, stage.counts().dropped) == (1, 0)


async def test_an_idle_client_is_forgotten_and_known_again_when_it_speaks(
    stage: UdpStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp_clients, "LOOKS_EVERY_S", 0.01)
    monkeypatch.setattr(udp_clients, "IDLE_S", 0.02)
    client = await stage.client(stage.link())
    await client.send(b"once")
    assert await hear(stage.callee) == b"once"
    await stage.until(lambda counts: counts.open == 0)
    await client.send(b"again")
    assert await hear(stage.callee) == b"again"
    assert stage.counts().connections == 2


async def test_a_client_is_not_idle_while_something_of_it_is_under_way(stage: UdpStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_clients, "LOOKS_EVERY_S", 0.01)
    monkeypatch.setattr(udp_clients, "IDLE_S", 0.02)
    client = await stage.client(stage.link())
    stage.inject("lag", Latency(delay=0.2))
    await client.send(b"late")
    assert await hear(stage.callee) == b"late"
    assert stage.counts().dropped == 0


async def test_what_does_not_fit_is_dropped_and_told(stage: UdpStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_held, "MOST_HELD_BYTES", 3 * (1 + udp_held.OVERHEAD_BYTES))
    client = await stage.client(stage.link())
    stage.inject("lag", Latency(delay=3600.0))
    await stage.send(client, range(5))
    assert (stage.counts().dropped, stage.counts().held_bytes) == (2, 3 * (1 + udp_held.OVERHEAD_BYTES))
    stage.board.heal("lag")
    assert numbers_in(stage.callee) == [0, 1, 2]
    stage.board.remove_link(LINK)
    assert stage.warnings() == ["2 datagrams lost: 64MB are held already"]


async def test_losses_are_told_at_the_next_look(stage: UdpStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_held, "MOST_HELD_BYTES", 0)
    monkeypatch.setattr(udp_clients, "LOOKS_EVERY_S", 0.05)
    client = await stage.client(stage.link())
    stage.inject("lag", Latency(delay=3600.0))
    await stage.send(client, range(2))
    await stage.until(lambda _counts: bool(stage.warnings()))
    assert stage.warnings() == ["2 datagrams lost: 64MB are held already"]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="only Linux says what a socket dropped")
async def test_what_the_kernel_had_no_room_for_is_counted(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_clients, "LOOKS_EVERY_S", 0.05)
    stage = UdpStage(await callee_at(("127.0.0.1", 0)))
    client = await stage.client(stage.link())
    large = b"x" * 60_000
    for _ in range(400):  # 24 MB, and the buffer takes 8 at most
        await client.send(large)
    await nursery.start(stage.board.run)
    await stage.until(lambda counts: counts.datagrams_request + counts.dropped == 400)
    assert stage.counts().dropped > 0
    assert stage.warnings() == [
        f"{stage.counts().dropped} datagrams lost: the kernel's buffer was full before they could be read"
    ]
    stage.close()
    nursery.cancel_scope.cancel()


# -- what is refused -------------------------------------------------------------------------------------------------------


async def test_faults_of_streams_and_messages_are_refused_on_datagrams_and_the_other_way_round(stage: UdpStage) -> None:
    stage.link()
    for fault in (Bandwidth(rate=1000.0), Drop()):
        with pytest.raises(NotMadeError, match=f"'{fault.kind}' is no fault of the UDP link"):
            stage.inject("wrong", fault)
    for name, http in (("stream", False), ("web", True)):
        stage.board.add_link(name, upstream=None, http=http)
        with pytest.raises(NotMadeError, match=f"'loss' harms datagrams, and the link '{name}' carries streams"):
            stage.board.inject("wrong", [(name, REQUEST)], DatagramLoss(rate=0.1))


async def test_a_port_that_is_taken_is_an_os_error(stage: UdpStage) -> None:
    with pytest.raises(OSError, match="in use"):
        stage.board.add_link("second", listen=stage.link(), upstream=None, udp=True)


class Stuck:
    """A socket whose first sends fail."""

    def __init__(self, times: int, error: OSError) -> None:
        self.sent: list[bytes] = []
        self._left = times
        self._error = error
        self._pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def send(self, data: bytes) -> None:
        if self._left:
            self._left -= 1
            raise self._error
        self.sent.append(data)

    def fileno(self) -> int:
        return self._pair[0].fileno()

    def getsockopt(self, *_: int) -> bytes:
        return bytes(36)

    def close(self) -> None:
        for sock in self._pair:
            sock.close()


def _descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
