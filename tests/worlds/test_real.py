"""The real world does what the conductor asks of it, on real processes: start, kill, pause, slow down, set clocks."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import trio

from chaoscli.errors import NotMadeError, leaves
from chaoscli.events import Answered, Arrived, CallEnded, CurtainFell, Event, NodeChanged
from chaoscli.faults.base import Direction
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.silence import Silence
from chaoscli.messages import CallError, Request, Response
from chaoscli.net.http_client import HttpTransport
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds import real as real_module
from chaoscli.worlds.base import NodeDied
from chaoscli.worlds.processes import Spawner, open_spawner
from chaoscli.worlds.real import RealWorld, open_real_world

SHOP = Topology(
    nodes=(
        NodeSpec(name="order", kind="order", calls={"inventory": {"timeout": 0.3}}),
        NodeSpec(name="inventory", kind="inventory", settings={"service_time": 0.02}),
    )
)
ORDER = Request(method="POST", target="/api/orders", body=b'{"productId":"BOOK-001","quantity":1,"customerId":"C"}')
CHECK = Request(method="GET", target="/api/inventory/check/BOOK-001")


@dataclass
class Kept:
    """A recorder in a list."""

    events: list[Event] = field(default_factory=list)

    def record(self, event: Event) -> None:
        self.events.append(event)

    def states_of(self, node: str) -> list[str]:
        return [event.state for event in self.events if isinstance(event, NodeChanged) and event.node == node]


@asynccontextmanager
async def shop(topology: Topology = SHOP, kept: Kept | None = None) -> AsyncIterator[tuple[RealWorld, Kept, Spawner]]:
    kept = kept or Kept()
    with trio.fail_after(20):
        async with open_spawner() as spawner:
            await spawner.wait_ready()
            async with open_real_world(topology, kept, seed=1, spawner=spawner, lasts_s=0.0, name="shop") as world:
                await world.raise_curtain()
                yield world, kept, spawner


async def ask(world: RealWorld, node: str, request: Request) -> Response:
    transport = HttpTransport({node: world.address_of(node)})
    try:
        return await transport.exchange(node, request)
    finally:
        await transport.aclose()


async def test_callees_start_before_their_callers_and_call_through_the_proxy() -> None:
    async with shop() as (world, kept, _spawner):
        changes = [(event.node, event.state) for event in kept.events if isinstance(event, NodeChanged)]
        assert changes == [("inventory", "starting"), ("inventory", "ready"), ("order", "starting"), ("order", "ready")]
        reply = await ask(world, "order", ORDER)
        assert (reply.status, b'"status":"CREATED"' in reply.body) == (200, True)
        await world.finish(complete=True)
    arrived = [(event.node, event.caller) for event in kept.events if isinstance(event, Arrived)]
    # Check, then reserve.
    assert arrived == [("order", ""), ("inventory", "order"), ("inventory", "order")]


async def test_where_a_callee_speaks_tls_its_callers_do_and_nothing_of_it_is_left() -> None:
    pytest.importorskip("trustme")
    secured = NodeSpec(name="inventory", kind="inventory", settings={"tls": True})
    order = NodeSpec(name="order", kind="order", calls={"inventory": {"tls": "mutual"}})
    async with shop(Topology(nodes=(order, secured))) as (world, _kept, spawner):
        folder = spawner.folder
        assert "authority.pem" in names_in(folder)
        assert (await ask(world, "order", ORDER)).status == 200
        with pytest.raises(CallError):
            await ask(world, "inventory", CHECK)  # in plain HTTP, as whoever has no certificate
    assert names_in(folder) == []


def names_in(folder: str) -> list[str]:
    return [path.name for path in Path(folder).rglob("*")]


async def test_once_the_curtain_has_fallen_nobody_tells_how_the_stage_is_struck() -> None:
    """A consumer always waits on its broker, so it loses a call when the broker is struck before it."""
    consumer = NodeSpec(name="worker", kind="hop", settings={"consume": "work"}, calls={"broker": {}})
    queue = Topology(nodes=(NodeSpec(name="broker", kind="broker"), consumer))
    async with shop(queue) as (world, kept, _spawner):
        await world.finish(complete=True)
        await world.kill("broker")
        await trio.sleep(0.3)  # what the worker has to say of it needs a moment on the way
    assert [event for event in kept.events if isinstance(event, CallEnded)] == []
    assert isinstance(kept.events[-2], CurtainFell)  # behind it only our own: that the broker was killed


async def test_a_run_is_not_judged_without_its_last_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_module, "LONGEST_FINISH_S", 0.2)
    async with shop() as (world, _kept, _spawner):
        await world.pause("inventory")
        assert (await ask(world, "order", ORDER)).status == 400  # it stands still by now
        with pytest.raises(NotMadeError, match="the last events of 'shop' did not come in within"):
            await world.finish(complete=True)


async def test_a_silenced_link_times_out_its_caller_and_heals() -> None:
    async with shop() as (world, _kept, _spawner):
        await world.board.inject("cut", [(Link("order", "inventory"), Direction.REQUEST)], Silence())
        refused = await ask(world, "order", ORDER)
        assert (refused.status, refused.body) == (
            400,
            b'{"orderId":null,"status":"REJECTED","message":"Product not available: Inventory service unavailable"}',
        )
        await world.board.heal("cut")
        assert (await ask(world, "order", ORDER)).status == 200


async def test_a_killed_node_refuses_and_comes_back_when_it_is_started_again() -> None:
    async with shop() as (world, kept, _spawner):
        before = world.address_of("inventory")
        await world.kill("inventory")
        with pytest.raises(CallError):
            await HttpTransport({"inventory": before}).exchange("inventory", CHECK)
        assert (await ask(world, "order", ORDER)).status == 400
        await world.start("inventory")
        assert (await ask(world, "order", ORDER)).status == 200
    assert kept.states_of("inventory") == ["starting", "ready", "killed", "starting", "ready"]


async def test_a_paused_node_is_silent_until_it_is_resumed() -> None:
    async with shop() as (world, kept, _spawner):
        await world.pause("inventory")
        assert (await ask(world, "order", ORDER)).status == 400
        await world.resume("inventory")
        assert (await ask(world, "order", ORDER)).status == 200
    assert kept.states_of("inventory") == ["starting", "ready", "paused", "resumed"]


async def test_a_slow_node_works_slower_and_a_skewed_clock_shows_in_what_it_receives() -> None:
    async with shop() as (world, kept, _spawner):
        await world.set_speed("inventory", 5.0)
        await world.set_clock("inventory", ClockSkew(offset=-100.0))
        await ask(world, "inventory", CHECK)
        await world.finish(complete=True)
    (answered,) = [event for event in kept.events if isinstance(event, Answered)]
    assert answered.worked_s >= 5 * 0.02
    (arrived,) = [event for event in kept.events if isinstance(event, Arrived)]
    assert -110.0 < arrived.received_wall_s - time.time() < -90.0


async def test_a_restarted_node_suffers_what_it_suffered_before() -> None:
    async with shop() as (world, kept, _spawner):
        await world.set_speed("inventory", 5.0)
        await world.kill("inventory")
        await world.start("inventory")
        await ask(world, "inventory", CHECK)
        await world.finish(complete=True)
    (answered,) = [event for event in kept.events if isinstance(event, Answered)]
    assert answered.worked_s >= 5 * 0.02


async def test_a_node_that_somebody_else_ends_ends_the_run_and_says_who() -> None:
    kept = Kept()

    async def play_until_somebody_kills_inventory() -> None:
        async with shop(kept=kept) as (world, _kept, _spawner):
            os.kill(world.process_of("inventory"), signal.SIGKILL)
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as died:
        await play_until_somebody_kills_inventory()
    (error,) = leaves(died.value)
    assert isinstance(error, NodeDied)
    assert "'inventory' (shop) ended in mid-run: killed by signal 9" in str(error)
    assert kept.states_of("inventory") == ["starting", "ready", "died"]


async def test_a_node_that_is_to_start_again_may_end_by_itself() -> None:
    patient = replace(SHOP, nodes=tuple(replace(node, restarts=1) for node in SHOP.nodes))
    async with shop(patient) as (world, kept, _spawner):
        crashed = trio.Event()
        world.on_crash = lambda node: crashed.set()
        os.kill(world.process_of("inventory"), signal.SIGKILL)
        await crashed.wait()
        assert (await ask(world, "order", ORDER)).status == 400
        await world.set_speed("inventory", 2.0)  # meanwhile nobody is there to be told
        await world.start("inventory")
        assert (await ask(world, "order", ORDER)).status == 200
    assert kept.states_of("inventory") == ["starting", "ready", "crashed", "starting", "ready"]


async def test_a_taken_port_is_named_and_the_world_does_not_open() -> None:
    with trio.socket.socket() as taken:
        await taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        topology = Topology(nodes=(NodeSpec(name="inventory", kind="inventory", port=port),))
        with pytest.raises(BaseExceptionGroup) as refused:
            async with shop(topology):
                raise AssertionError("it opened")
    (error,) = leaves(refused.value)
    assert str(error) == f"inventory: cannot listen on 127.0.0.1:{port}: the port is taken"


@pytest.mark.skipif(sys.platform != "linux", reason="the name of a process is Linux's")
async def test_processes_can_be_told_apart_by_name() -> None:
    async with shop() as (world, _kept, _spawner):
        names = {await trio.Path(f"/proc/{world.process_of(node)}/comm").read_text() for node in ("order", "inventory")}
    assert names == {"chaos:order\n", "chaos:inventory\n"}
