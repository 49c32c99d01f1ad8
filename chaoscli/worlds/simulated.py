"""The simulated world: every node a few tasks, every link in memory, the clock virtual. It keeps the real one's promises.

It differs from the real world in the clock, the network, and how a node is started and killed; services, policies, faults and
loads are the same code.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import trio

from chaoscli import dice
from chaoscli.errors import NotMadeError, leaves
from chaoscli.events import CurtainFell, CurtainRose, Event, NodeChanged, Noted
from chaoscli.faults.base import Direction
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.load.generator import Generator, generator_of
from chaoscli.messages import REQUEST_ID, Request
from chaoscli.net.base import Transport
from chaoscli.net.compressed import CompressedTransport
from chaoscli.net.memory import CalleePeer
from chaoscli.net.signed import SignedTransport
from chaoscli.net.signing import Keyring
from chaoscli.proxy.links import COUNTS_EVERY_S
from chaoscli.services.catalogue import KINDS
from chaoscli.services.foreign import ADDRESS, is_foreign
from chaoscli.services.staffed import StaffedNode, staffed
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.base import LinkFault, NodeDied, Recorder
from chaoscli.worlds.clock import Gate, Kernel
from chaoscli.worlds.life import Life, MemoryDisk, SimulatedNode, wall_s
from chaoscli.worlds.wire import Distances, MemoryLink, MemoryLinks, MemoryTransport

# What a node is at when it is told to stop may finish for this long, as in the real world, where it ends with its last request.
STOP_GRACE_S = 1.0
LOOK_EVERY_S = 0.005
NEAR = Distances()
ROLLED_BACK = "an open transaction was rolled back by the power cut"


class SimulatedWorld:
    """One variant's nodes and links. Made by ``open_simulated_world``."""

    def __init__(
        self, topology: Topology, recorder: Recorder, seed: int, kernel: Kernel, nursery: trio.Nursery, lasts_s: float,
        distances: Distances,
    ) -> None:  # fmt: skip
        self._topology = topology
        self._recorder = recorder
        self._seed = seed
        self._kernel = kernel
        self._nursery = nursery
        self._lasts_s = lasts_s
        # Of the seed, so that the bytes are the same in every run; there is nobody here to keep a secret from.
        self._keys = Keyring(f"{dice.bits(seed, 'secret', count=128):032x}")
        self._is_struck = False
        self._nodes: dict[str, _Running] = {}
        self._disks = {node.name: MemoryDisk() for node in topology.services}
        self._loads: dict[str, Generator] = {}
        self._skews: dict[str, ClockSkew] = {}
        self._speeds: dict[str, float] = {}
        self._absent: dict[str, frozenset[str]] = {}
        self._links = MemoryLinks(kernel, topology, seed=seed, tell=self._tell, accept=self._accept, distances=distances)
        self.board = MemoryBoard(self._links)
        self.on_crash: Callable[[str], None] | None = None  # what is simulated has no bug of its own to die of

    # -- time --------------------------------------------------------------------------------------------------------------

    def now(self) -> float:
        return self._kernel.now()

    async def sleep_until(self, at: float) -> None:
        await self._kernel.sleep(at - self._kernel.now())

    # -- the play ----------------------------------------------------------------------------------------------------------

    async def set_up(self) -> None:
        for wave in self._topology.waves():
            for node in wave:
                if not node.standby:
                    await self.start(node.name)
        for load in self._topology.loads:
            self._loads[load.name] = self._generator(load)
            self._nursery.start_soon(self._loads[load.name].run)

    async def raise_curtain(self) -> None:
        await self.sleep_until(0.0)
        nodes = tuple(node.name for node in self._topology.nodes)
        links = tuple(str(link) for link in self._topology.links)
        self._tell(CurtainRose(at=0.0, lasts_s=self._lasts_s, nodes=nodes, links=links))
        for load in self._loads.values():
            load.play(0.0)
        self._kernel.at(COUNTS_EVERY_S, self._tell_counts)

    async def drain(self) -> None:
        async with trio.open_nursery() as nursery:
            for load in self._loads.values():
                nursery.start_soon(load.drain)

    async def finish(self, *, complete: bool) -> None:
        self._links.tell_counts()
        self._links.tell_all_measured()
        self._tell(CurtainFell(at=self.now(), complete=complete))

    def strike(self) -> None:
        """Everything stops where it is, and is not heard of any more."""
        self._is_struck = True
        for running in self._nodes.values():
            running.life.end()
        for disk in self._disks.values():
            disk.close()

    # -- nodes -------------------------------------------------------------------------------------------------------------

    async def start(self, node: str) -> None:
        spec = self._topology.node(node)
        self._changed(node, "starting")
        if self.now() >= 0.0:  # before the curtain everybody has all the time there is
            await self._kernel.sleep(spec.startup_s)
        life = Life(self._tell)
        transport = MemoryTransport(spec, self._links.of_caller(node), life)
        running = _Running(
            staffed(
                SimulatedNode(
                    spec=spec,
                    transport=transport,
                    kernel=self._kernel,
                    life=life,
                    seed=self._seed,
                    disk=self._disks[node],
                    keys=self._keys,
                )
            ),
            life,
            self._changed,
        )
        self._nodes[node] = running
        await self._nursery.start(running.run)
        await self._restore(node)
        self._changed(node, "ready")

    async def kill(self, node: str) -> None:
        """A power cut: mute it, roll back what it had not committed, and let its peers know one latency later."""
        self._changed(node, "killed")
        if node in self._nodes:  # else it was still about to start for the first time
            self._power_off(node)

    async def stop(self, node: str) -> None:
        running = self._nodes[node]
        until = self.now() + STOP_GRACE_S
        while running.staffed.workers.busy and self.now() < until:
            await self._kernel.sleep(LOOK_EVERY_S)
        self._power_off(node)
        self._changed(node, "stopped")

    async def set_absent(self, node: str, callees: frozenset[str]) -> None:
        self._absent[node] = callees
        if node in self._nodes:
            self._nodes[node].staffed.node.absent = callees

    async def pause(self, node: str) -> None:
        self._nodes[node].life.pause()
        self._changed(node, "paused")

    async def resume(self, node: str) -> None:
        self._changed(node, "resumed")
        self._nodes[node].life.resume()

    async def set_clock(self, node: str, skew: ClockSkew) -> None:
        self._skews[node] = skew
        self._nodes[node].staffed.node.clock.skew(offset_s=skew.offset, drift_ppm=skew.drift)

    async def set_speed(self, node: str, slower_by: float) -> None:
        self._speeds[node] = slower_by
        self._nodes[node].staffed.node.slower_by = slower_by

    async def set_rate(self, load: str, per_second: float | None) -> None:
        self._loads[load].change_rate(per_second)

    def transport_of(self, guest: NodeSpec) -> Transport:
        """How a guest calls, over its links."""
        in_memory = MemoryTransport(guest, self._links.of_caller(guest.name))
        return SignedTransport(inner=in_memory, caller=guest, keys=self._keys, wall=lambda: wall_s(self._kernel))

    def links_of(self, caller: str) -> dict[str, MemoryLink]:
        """The links a node calls over, by callee."""
        return self._links.of_caller(caller)

    # -- inside ------------------------------------------------------------------------------------------------------------

    def _accept(self, node: str) -> tuple[CalleePeer, Gate] | None:
        running = self._nodes.get(node)
        return None if running is None else running.accept()

    def _power_off(self, node: str) -> None:
        life = self._nodes[node].life
        life.end()
        if self._disks[node].power_cut():
            self._tell(Noted(at=self.now(), source=node, text=ROLLED_BACK))
        self._links.crash(life)

    async def _restore(self, node: str) -> None:
        """A restarted node suffers what it suffered before."""
        if node in self._skews:
            await self.set_clock(node, self._skews[node])
        if node in self._speeds:
            await self.set_speed(node, self._speeds[node])
        if node in self._absent:
            await self.set_absent(node, self._absent[node])

    def _generator(self, spec: NodeSpec) -> Generator:
        kernel = self._kernel
        wall = partial(wall_s, kernel)
        in_memory = MemoryTransport(spec, self._links.of_caller(spec.name))
        unpacked = CompressedTransport(inner=in_memory, calls=spec.calls)
        transport = SignedTransport(inner=unpacked, caller=spec, keys=self._keys, wall=wall)
        return generator_of(
            spec,
            seed=self._seed,
            lasts_s=self._lasts_s,
            exchange=transport.exchange,
            sleep=kernel.sleep,
            now=kernel.now,
            wall=wall,
            tell=self._tell,
            limit=kernel.move_on_after,
        )

    def _changed(self, node: str, state: str, detail: str = "") -> None:
        self._tell(NodeChanged(at=self.now(), node=node, state=state, detail=detail))

    def _tell(self, event: Event) -> None:
        if not self._is_struck:
            self._recorder.record(event)

    def _tell_counts(self, _argument: object) -> None:
        """As long as load is offered: whatever is due for ever would hide that nothing else can happen."""
        if not self._is_struck and self.now() < self._lasts_s:
            self._links.tell_counts()
            self._kernel.at(self.now() + COUNTS_EVERY_S, self._tell_counts)


class _Running:
    """A node in one of its lives."""

    def __init__(self, node: StaffedNode, life: Life, died: Callable[[str, str, str], None]) -> None:
        self.staffed = node
        self.life = life
        self._died = died
        self._nursery: trio.Nursery | None = None  # until it is up

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Until its life ends, or an error ends it, which makes the run worthless."""
        try:
            with self.life.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.staffed.work)
                    self._nursery = nursery
                    task_status.started()
                    await trio.sleep_forever()
        except* Exception as errors:
            if not self.life.is_dead:  # else they are of blocks that ran on after the power cut
                error = next(iter(leaves(errors)))
                self._died(self.staffed.node.name, "died", repr(error))
                raise NodeDied(f"'{self.staffed.node.name}' ended in mid-run: {error!r}") from error

    def accept(self) -> tuple[CalleePeer, Gate] | None:
        """A new connection; None when nobody is there to take it."""
        if self.life.is_dead or self._nursery is None:
            return None
        peer = CalleePeer(secured=bool(self.staffed.node.spec.settings.get("tls")))
        self._nursery.start_soon(peer.serve, self.staffed.door.handle, self._failed, self.staffed.hung_up)
        return peer, self.life

    def _failed(self, request: Request, error: Exception) -> None:
        self.staffed.node.note(f"{request.method} {request.target} of {request.header(REQUEST_ID)}: {error!r}", "error")


class MemoryBoard:
    """The links' faults, as the conductor asks for them."""

    def __init__(self, links: MemoryLinks) -> None:
        self._links = links

    async def inject(self, name: str, links: Sequence[tuple[Link, Direction]], fault: LinkFault, share: float = 1.0) -> None:
        self._links.inject(name, [(str(link), direction) for link, direction in links], fault, share)

    async def update(self, name: str, fault: LinkFault, share: float = 1.0) -> None:
        self._links.update(name, fault, share)

    async def heal(self, name: str) -> None:
        self._links.heal(name)


@asynccontextmanager
async def open_simulated_world(
    topology: Topology, recorder: Recorder, *, seed: int, kernel: Kernel, lasts_s: float, distances: Distances = NEAR
) -> AsyncIterator[SimulatedWorld]:
    """All nodes ready, in a run of ``simulate`` that begins ``CURTAIN_DELAY_S`` before zero; ``distances`` are what a
    message takes. NotMadeError for what cannot be simulated."""
    refuse_what_is_no_service_of_ours(topology)
    async with trio.open_nursery() as nursery:
        world = SimulatedWorld(topology, recorder, seed, kernel, nursery, lasts_s, distances)
        try:
            await world.set_up()
            yield world
        finally:
            world.strike()
        nursery.cancel_scope.cancel()


def refuse_what_is_no_service_of_ours(topology: Topology, *, way_out: str = "play it on real processes: --world real") -> None:
    """A program of somebody else's has its own clock, dice and sockets. ``way_out`` is what else the command at hand can do."""
    for node in topology.services:
        if node.kind not in KINDS:
            raise NotMadeError(f"'{node.name}' cannot be simulated: {_why_not(node.kind)}", hint=way_out)
    for load in topology.loads:
        if load.settings.get("command"):
            raise NotMadeError(
                f"'{load.name}' cannot be simulated: it runs a command, which has its own clock, dice and sockets", hint=way_out
            )


def _why_not(kind: str) -> str:
    if not is_foreign(kind):
        return f"no service of ours is a '{kind}'"
    what = "a service that runs elsewhere" if kind == ADDRESS else "a program of your own"
    return f"it is {what}, with a clock and dice that we do not hold"
