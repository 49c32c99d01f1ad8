"""The real world: every node a process, every link a proxied connection on 127.0.0.1, the clock the host's own.

A child that ends without being told to makes the run worthless: NodeDied ends it, and what was recorded is kept.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from chaoscli.environment import Environment
from chaoscli.errors import NotMadeError
from chaoscli.events import CurtainFell, CurtainRose, Noted
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.messages import CallError, Request
from chaoscli.net.channel import Line
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.pool import limits_of
from chaoscli.net.tls import Credentials, client_context, client_contexts
from chaoscli.services.foreign import is_foreign, named
from chaoscli.settings import to_plain
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.units import format_duration
from chaoscli.worlds import foreign
from chaoscli.worlds.base import CURTAIN_DELAY_S, Recorder
from chaoscli.worlds.certificates import issue
from chaoscli.worlds.company import Company
from chaoscli.worlds.foreign import ForeignNode
from chaoscli.worlds.hearing import Hearing
from chaoscli.worlds.processes import Child, Spawner
from chaoscli.worlds.remote_board import RemoteBoard

Address = tuple[str, int]

# A forked service is up in some ten milliseconds; on a busy machine in a second. More means that it will not come up.
LONGEST_START_S = 10.0
HEALTH_EVERY_S = 0.02
# What a load waits for at the end is its own setting; this much later it is taken for hung.
DRAIN_MARGIN_S = 5.0
# Events of the last milliseconds may still be in a pipe when everything has been asked to finish. On a busy machine that
# takes a moment; whoever interrupted the run does not want to wait for it.
LONGEST_FINISH_S = 5.0
LONGEST_HURRIED_FINISH_S = 0.5
# What a keeper needs besides the grace of its program, to find and end what that has left behind.
STOP_MARGIN_S = 5.0
# Longer than the grace a node gives to what it is at when it is told to stop.
LONGEST_STOP_S = 1.5
PROXY = "the proxy"
# Who looks after a node's health has a certificate as well; no node can be called this.
OURSELVES = "the command"
# Where the links of a node lead that is not there: nobody can listen on port 0, so connecting is refused at once, while the
# port the node had may meanwhile be somebody else's.
NOWHERE: Address = ("127.0.0.1", 0)


class RealWorld:
    """One variant's nodes and proxy. Made by ``open_real_world``."""

    def __init__(
        self,
        topology: Topology,
        recorder: Recorder,
        seed: int,
        spawner: Spawner,
        nursery: trio.Nursery,
        lasts_s: float,
        name: str,
        environment: Environment,
    ) -> None:
        self._topology = topology
        self._hearing = Hearing(recorder)
        self._company = Company(spawner, nursery, self._hearing, name, starts_again=self._starts_again, crashed=self._has_crashed)
        self._seed = seed
        self._lasts_s = lasts_s
        self._name = name
        self._links: dict[str, Address] = {}
        self._addresses: dict[str, Address] = {}
        self._skews: dict[str, ClockSkew] = {}
        self._speeds: dict[str, float] = {}
        self._paused: set[str] = set()
        self._environment = environment
        self._foreign: dict[str, ForeignNode] = {}
        self._absent: dict[str, frozenset[str]] = {}
        self._folder = tempfile.mkdtemp(prefix="world-", dir=spawner.folder)
        self._credentials: dict[str, Credentials] = {}
        self.board = RemoteBoard(self.ask_proxy)
        self.on_crash: Callable[[str], None] | None = None

    # -- time --------------------------------------------------------------------------------------------------------------

    def now(self) -> float:
        return self._hearing.now()

    async def sleep_until(self, at: float) -> None:
        await trio.sleep(max(0.0, at - self.now()))

    # -- the play ----------------------------------------------------------------------------------------------------------

    async def set_up(self) -> None:
        """Proxy first, then the services in waves by who calls whom, then the loads."""
        foreign.check(self._topology.nodes, self._environment)
        speaking_tls = self._topology.speaking_tls
        if speaking_tls:
            self._credentials = issue(self._folder, [OURSELVES, *(node.name for node in self._topology.nodes)])
        links = [self._described(link) for link in self._topology.links]
        await self._company.spawn("proxy", PROXY, {"seed": self._seed, "links": links})
        answer = await self.ask_proxy("links")
        self._links = {name: (host, port) for name, (host, port) in answer["addresses"].items()}
        for wave in self._topology.waves():
            async with trio.open_nursery() as nursery:
                for node in wave:
                    if node.standby:
                        nursery.start_soon(self._lead_to, node.name, _nowhere)
                    else:
                        nursery.start_soon(self.start, node.name)
        for load in self._topology.loads:
            await self._company.spawn(
                "load", load.name, {**self._part(load), **self._commands_of(load), "lasts_s": self._lasts_s}
            )

    async def raise_curtain(self) -> None:
        epoch = time.monotonic() + CURTAIN_DELAY_S
        for load in self._topology.loads:
            await self._company.ask(load.name, "play", epoch=epoch)
        nodes = tuple(node.name for node in self._topology.nodes)
        links = tuple(str(link) for link in self._topology.links)
        foreign = tuple(node.name for node in self._topology.services if is_foreign(node.kind))
        self._hearing.begin(epoch, CurtainRose(at=0.0, lasts_s=self._lasts_s, nodes=nodes, links=links, foreign=foreign))

    async def drain(self) -> None:
        async with trio.open_nursery() as nursery:
            for load in self._topology.loads:
                nursery.start_soon(self._drain_load, load)

    async def finish(self, *, complete: bool) -> None:
        """Let the last events come in, and close the book. NotMadeError when a whole run's do not: it would be judged without."""
        with trio.move_on_after(LONGEST_FINISH_S if complete else LONGEST_HURRIED_FINISH_S) as patience:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._company.hear_out, PROXY, "finish")
                for node in self._topology.services:
                    if node.name in self._company:
                        nursery.start_soon(self._company.hear_out, node.name, "address")
        self._hearing.record(CurtainFell(at=self.now(), complete=complete))
        self._hearing.close()
        if complete and patience.cancelled_caught:
            raise NotMadeError(f"the last events of '{self._name}' did not come in within {LONGEST_FINISH_S:g}s")

    async def catch_up(self) -> None:
        """Let the events of all that has happened so far come in, as far as they do so within a moment."""
        with trio.move_on_after(LONGEST_HURRIED_FINISH_S):
            async with trio.open_nursery() as nursery:
                for name in (
                    PROXY,
                    *(node.name for node in self._topology.services),
                    *(one.name for one in self._topology.loads),
                ):
                    nursery.start_soon(self._company.hear_out, name, "links" if name == PROXY else "address")

    async def stop_foreign(self) -> None:
        """Ask the user's programs to end, all at once, and wait as long as each of them is given."""
        async with trio.open_nursery() as nursery:
            for node in self._foreign:
                self._company.expect_end(node)
                nursery.start_soon(self._stop_one, node)

    async def _stop_one(self, node: str) -> None:
        grace_s = float(self._topology.node(node).settings.get("stop_grace", 0.0))
        answer: Line = {}
        with trio.move_on_after(grace_s + STOP_MARGIN_S):
            answer = await self._company.ask(node, "stop")
        if answer.get("killed"):
            grace = format_duration(grace_s)
            text = f"did not end within {grace} of being asked to, and was killed"
            self._hearing.record(Noted(at=self.now(), source=node, text=text, level="warning"))

    async def strike(self) -> None:
        """End every process of this world, whatever state it is in."""
        await self._company.strike()

    # -- nodes -------------------------------------------------------------------------------------------------------------

    async def start(self, node: str) -> None:
        spec = self._topology.node(node)
        self._hearing.changed(node, "starting")
        if self.now() >= 0.0:  # before the curtain everybody has all the time there is
            await trio.sleep(spec.startup_s)
        host, port = await (self._start_foreign(spec) if is_foreign(spec.kind) else self._start_ours(spec))
        self._addresses[node] = (host, port)
        await self._restore(node)
        self._hearing.changed(node, "ready", f"{host}:{port}")

    async def _start_ours(self, spec: NodeSpec) -> Address:
        node = spec.name
        part = {**self._part(spec), "folder": self._folder}
        with trio.CancelScope(shield=True):  # a process that has been asked for must become known, or nobody would end it
            await self._company.spawn("service", node, part)
        with trio.move_on_after(LONGEST_START_S) as patience:
            host, port = (await self._company.ask(node, "address"))["address"]
            await self._lead_to(node, lambda _port: (host, port))
            await self._wait_healthy(node, (host, port))
        if patience.cancelled_caught:
            raise NotMadeError(f"service '{node}' was not ready within {LONGEST_START_S:g}s")
        return host, port

    async def _start_foreign(self, spec: NodeSpec) -> Address:
        """Through a keeper of its own, which knows how long it may take and what it printed."""
        there = self._foreign.setdefault(
            spec.name, ForeignNode(spec, self._topology, self._folder, self._seed, self._environment)
        )
        await self._lead_to(spec.name, there.address)
        with trio.CancelScope(shield=True):
            keeper = await self._company.spawn("foreign", spec.name, there.keeping(self._neighbours(spec)))
        await keeper.is_ready_or_not.wait()
        if keeper.why_not_ready:
            raise NotMadeError(f"service '{spec.name}' {keeper.why_not_ready}", hint=keeper.last_words)
        return there.address()

    async def _lead_to(self, node: str, address: Callable[[str], Address]) -> None:
        """New connections to the node go there from now on; ``address`` is asked for each of its ports that is called."""
        for link in self._topology.links:
            callee, port = named(link.callee)
            if callee == node:
                await self.ask_proxy("upstream", link=str(link), address=[*address(port)])

    async def kill(self, node: str) -> None:
        self._hearing.changed(node, "killed")
        if node in self._foreign:
            self._company.expect_end(node)
            await self._company.ask(node, "kill")
        await self._company.end(node, signal.SIGKILL)
        self._paused.discard(node)
        await self._lead_to(node, _nowhere)

    async def stop(self, node: str) -> None:
        with trio.move_on_after(LONGEST_STOP_S):
            await self._company.ask(node, "stop")
        await self._company.end(node, signal.SIGKILL)
        self._paused.discard(node)
        await self._lead_to(node, _nowhere)
        self._hearing.changed(node, "stopped")

    async def set_absent(self, node: str, callees: frozenset[str]) -> None:
        self._absent[node] = callees
        await self._tell_node(node, "absent", callees=sorted(callees))

    async def pause(self, node: str) -> None:
        self._paused.add(node)
        await self._signal(node, signal.SIGSTOP, "pause")
        self._hearing.changed(node, "paused")

    async def resume(self, node: str) -> None:
        await self._signal(node, signal.SIGCONT, "resume")
        self._paused.discard(node)
        self._hearing.changed(node, "resumed")
        await self._restore(node)

    async def _signal(self, node: str, number: int, do: str) -> None:
        """To a node of ours; of one that is not, its keeper tells all that it has started."""
        if node in self._foreign:
            await self._company.ask(node, do)
        else:
            await self._company.signal(node, number)

    async def set_clock(self, node: str, skew: ClockSkew) -> None:
        self._skews[node] = skew
        await self._tell_node(node, "clock", **to_plain(skew))

    async def set_speed(self, node: str, slower_by: float) -> None:
        self._speeds[node] = slower_by
        if node not in self._foreign:  # how long its work takes is its own affair
            await self._tell_node(node, "speed", slower_by=slower_by)

    async def set_rate(self, load: str, per_second: float | None) -> None:
        await self._company.ask(load, "rate", per_second=per_second)

    def address_of(self, node: str) -> Address:
        """Where a service listens itself, past the proxy; ``db:admin`` is a port of ``db``."""
        name, port = named(node)
        return self._foreign[name].address(port) if name in self._foreign else self._addresses[name]

    def transport_of(self, guest: NodeSpec) -> HttpTransport:
        """How a guest calls, over its links; closing it is the caller's."""
        tls = client_contexts(self._credentials.get(guest.name), guest.calls)
        return HttpTransport(self._neighbours(guest), limits=limits_of(guest.calls), tls=tls)

    def link_address(self, link: Link) -> Address:
        """Where the proxy takes the link's connections."""
        return self._links[str(link)]

    def process_of(self, node: str) -> int:
        """The node's process id."""
        return self._company.process_of(node)

    async def ask_proxy(self, do: str, /, **fields: Any) -> Line:
        return await self._company.ask(PROXY, do, **fields)

    # -- inside ------------------------------------------------------------------------------------------------------------

    async def _has_crashed(self, child: Child) -> None:
        """It is its policy to start again."""
        self._paused.discard(child.name)
        self._hearing.changed(child.name, "crashed", child.end_in_words)
        await self._lead_to(child.name, _nowhere)
        if self.on_crash is not None:
            self.on_crash(child.name)

    def _starts_again(self, name: str) -> bool:
        return any(node.name == name and node.restarts for node in self._topology.services)

    async def _tell_node(self, node: str, do: str, /, **fields: Any) -> None:
        """One that is paused could not answer, and is told when it goes on."""
        if node not in self._paused:
            await self._company.ask(node, do, **fields)

    async def _restore(self, node: str) -> None:
        """A node that is back suffers what it suffered before, or was to suffer meanwhile."""
        if node in self._skews:
            await self.set_clock(node, self._skews[node])
        if node in self._speeds:
            await self.set_speed(node, self._speeds[node])
        if node in self._absent:
            await self.set_absent(node, self._absent[node])

    async def _drain_load(self, load: NodeSpec) -> None:
        with trio.move_on_after(float(load.settings["drain"]) + DRAIN_MARGIN_S) as patience:
            await self._company.ask(load.name, "drain")
        if patience.cancelled_caught:
            raise NotMadeError(
                f"load '{load.name}' ({self._name}) was still sending {DRAIN_MARGIN_S:g}s after it should have ended",
                hint="this machine cannot offer that many requests just now: ask for a lower rate",
            )

    async def _wait_healthy(self, node: str, address: Address) -> None:
        tls = {node: client_context(self._credentials[OURSELVES])} if node in self._topology.speaking_tls else {}
        transport = HttpTransport({node: address}, tls=tls)
        try:
            while True:
                try:
                    reply = await transport.exchange(node, Request(method="GET", target="/actuator/health"))
                    if reply.status == 200:
                        return
                except CallError:
                    pass
                await trio.sleep(HEALTH_EVERY_S)
        finally:
            await transport.aclose()

    def _part(self, node: NodeSpec) -> dict[str, Any]:
        """What every node's process is told of its place."""
        own = self._credentials.get(node.name)
        return {
            "seed": self._seed,
            "node": to_plain(node),
            "neighbours": self._neighbours(node),
            "credentials": to_plain(own) if own is not None else None,
        }

    def _commands_of(self, load: NodeSpec) -> dict[str, Any]:
        """What a load that runs commands is told besides."""
        if not load.settings.get("command"):
            return {}
        return foreign.commands_of_load(load, self._neighbours(load), self._topology, self._seed, self._environment)

    def _neighbours(self, node: NodeSpec) -> dict[str, Address]:
        """A callee's address, as its caller knows it, is the proxy's."""
        return {callee: self._links[str(Link(node.name, callee))] for callee in node.calls}

    def _described(self, link: Link) -> dict[str, Any]:
        """A link as the proxy is asked for it."""
        protocol = self._topology.protocol(link)
        readable = protocol == "http" and link.callee not in self._topology.speaking_tls
        return {"name": str(link), "http": readable, "udp": protocol == "udp"}


@asynccontextmanager
async def open_real_world(
    topology: Topology,
    recorder: Recorder,
    *,
    seed: int,
    spawner: Spawner,
    lasts_s: float,
    name: str,
    environment: Environment | None = None,
) -> AsyncIterator[RealWorld]:
    """All nodes ready behind their proxy. On leaving, whichever way, their processes are ended. ``environment`` is what the
    user's own programs get and may ask for; this process's own, if not said."""
    await spawner.wait_ready()
    async with trio.open_nursery() as nursery:
        world = RealWorld(topology, recorder, seed, spawner, nursery, lasts_s, name, environment or Environment(os.environ))
        try:
            await world.set_up()
            yield world
            await world.stop_foreign()
        finally:
            await world.strike()
        nursery.cancel_scope.cancel()


def _nowhere(_port: str) -> Address:
    return NOWHERE
