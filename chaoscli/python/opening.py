"""From what a program names (a playbook, a file, a topology) to an open ground in one of the two worlds."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import trio

import chaoscli
from chaoscli.errors import ChaosError, UsageError
from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.net.base import Transport
from chaoscli.net.signed import SignedTransport
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.nodes import nearest
from chaoscli.python.ground import YOU, Ground, Script, link_of
from chaoscli.recording import Header, RunRecorder
from chaoscli.topology import Topology
from chaoscli.worlds.base import World
from chaoscli.worlds.elsewhere import SimulationElsewhere, open_simulation_elsewhere
from chaoscli.worlds.life import CURTAIN_WALL_S
from chaoscli.worlds.processes import Spawner, open_spawner
from chaoscli.worlds.real import RealWorld, open_real_world

DEFAULT_SEED = 1
# A test is seconds and a soak an hour; load is offered for as long as this at most.
LONGEST_OPEN_S = 3600.0
# Undoing everything is a handful of questions to processes of ours; a world that takes longer is being ended anyway.
LONGEST_UNDO_S = 1.0
WORLDS = {"real": "real", "sim": "simulated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What ``chaoscli.playground`` was asked for."""

    play: str | Path | Playbook | Topology
    world: str = "real"
    variant: str = ""
    seed: int | None = None
    overrides: tuple[str, ...] = ()
    load: bool = True


def script_of(wanted: Wanted) -> Script:
    """UsageError or PlaybookError for what cannot be played."""
    if wanted.world not in WORLDS:
        raise UsageError(f"there is no world '{wanted.world}'", hint="it is 'real' or 'sim'")
    if isinstance(wanted.play, Topology):
        return _script("playground", "", "default", wanted.play, None, wanted)
    playbook = wanted.play
    if not isinstance(playbook, Playbook):
        playbook = load_playbook(playbook, overrides=wanted.overrides)
    playbook.check_world(wanted.world)
    known = [one.name for one in playbook.variants]
    if wanted.variant and wanted.variant not in known:
        raise UsageError(f"'{playbook.name}' has no variant '{wanted.variant}'", hint=nearest(wanted.variant, known))
    variant = playbook.variant(wanted.variant or known[0])
    return _script(playbook.name, playbook.title, variant.name, variant.topology, playbook.seed, wanted)


def _script(name: str, title: str, variant: str, topology: Topology, seed: int | None, wanted: Wanted) -> Script:
    if any(node.name == YOU for node in topology.nodes):
        raise UsageError(f"nobody on a playground may be called '{YOU}': that is the code that plays")
    if not wanted.load:
        topology = replace(topology, nodes=topology.services)
    return Script(
        name=name, title=title, variant=variant, topology=topology.with_guest(YOU), world=wanted.world,
        seed=next(one for one in (wanted.seed, seed, DEFAULT_SEED) if one is not None),
    )  # fmt: skip


@asynccontextmanager
async def open_ground(wanted: Wanted, spawner: Spawner | None = None) -> AsyncIterator[Ground]:
    """All services ready and the curtain up; on leaving everything is undone and ended."""
    script = script_of(wanted)
    async with _spawner(spawner) as ours, _open_world(script, ours) as ground:
        whole = False
        try:
            await ground.world.raise_curtain()
            await ground.world.sleep_until(0.0)
            yield ground
            whole = True
        finally:
            await _close(ground, whole=whole)


@asynccontextmanager
async def _open_world(script: Script, spawner: Spawner) -> AsyncIterator[Ground]:
    header = Header(
        playbook=script.name, title=script.title, seed=script.seed, world=WORLDS[script.world], variants=(script.variant,),
        version=chaoscli.__version__,
    )  # fmt: skip
    recorder = RunRecorder(header)
    into = recorder.variant(script.variant)
    topology, seed = script.topology, script.seed
    if script.world == "sim":
        async with open_simulation_elsewhere(
            topology, into, guest=YOU, seed=seed, spawner=spawner, lasts_s=LONGEST_OPEN_S
        ) as elsewhere:
            yield _simulated(script, recorder, elsewhere)
        return
    async with open_real_world(topology, into, seed=seed, spawner=spawner, lasts_s=LONGEST_OPEN_S, name=script.variant) as world:
        you = topology.node(YOU)
        transport = world.transport_of(you)
        signed = SignedTransport(inner=transport, caller=you, keys=spawner.keys, wall=time.time)
        try:
            yield _real(script, recorder, world, signed)
        finally:
            with trio.CancelScope(shield=True):
                await transport.aclose()


def _real(script: Script, recorder: RunRecorder, world: RealWorld, transport: Transport) -> Ground:
    async def exchange(callee: str, request: Request, *, within_s: float) -> Response:
        with trio.move_on_after(within_s):
            return await transport.exchange(callee, request)
        raise CallError(Result.TIMEOUT)

    return Ground(
        script=script, world=world, recorder=recorder, exchange=exchange, wall=time.time, catch_up=world.catch_up,
        address=lambda callee: world.link_address(link_of(callee)),
    )  # fmt: skip


def _simulated(script: Script, recorder: RunRecorder, world: SimulationElsewhere) -> Ground:
    async def caught_up() -> None:
        await trio.lowlevel.checkpoint()

    def nowhere(callee: str) -> tuple[str, int]:
        raise UsageError(f"'{callee}' has no address in a simulation", hint="call it by `call`, or play with world='real'")

    return Ground(
        script=script, world=world, recorder=recorder, exchange=world.exchange, wall=lambda: CURTAIN_WALL_S + world.now(),
        catch_up=caught_up, address=nowhere,
    )  # fmt: skip


async def _close(ground: Ground, *, whole: bool) -> None:
    """Undo what is still on; wait for what the load has in flight if the block came to its end."""
    world: World = ground.world
    try:
        with trio.move_on_after(LONGEST_UNDO_S, shield=True):
            for node in tuple(ground.paused):
                await ground.resume(node)
            await ground.faults.undo_all()
        if whole:
            await world.drain()
            await world.finish(complete=True)
        else:
            with trio.move_on_after(LONGEST_UNDO_S, shield=True):
                await world.finish(complete=False)
    except ChaosError:
        if whole:
            raise
    finally:
        ground.is_open = False


@asynccontextmanager
async def _spawner(given: Spawner | None) -> AsyncIterator[Spawner]:
    if given is not None:
        yield given
        return
    async with open_spawner() as spawner:
        yield spawner
