"""Which nodes of a play are up, and what it takes to change that: they are killed, started, stopped, paused; those whose policy
says so start again by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from chaoscli.events import Event, Happened
from chaoscli.topology import Topology
from chaoscli.worlds.base import World

# Each further crash doubles the pause before the next start, up to this many times: after that it only costs the play's time.
MOST_DOUBLINGS = 6


class Nodes:
    """``background`` is where what takes its time goes on: a node that starts must not keep the next cue waiting."""

    def __init__(self, world: World, topology: Topology, background: trio.Nursery, tell: Callable[[Event], None]) -> None:
        self._world = world
        self._topology = topology
        self._background = background
        self._tell = tell
        self._specs = {node.name: node for node in topology.services}
        self._absent = {node.name for node in topology.services if node.standby}
        self._dead = set(self._absent)
        self._paused: set[str] = set()
        self._starting: dict[str, trio.CancelScope] = {}
        self._leaving: dict[str, bool] = {}  # and whether it is to come again at once
        self._crashes: dict[str, int] = {}
        world.on_crash = self._crashed

    async def introduce(self) -> None:
        """Tell who calls them that those on standby are not there."""
        if self._absent:
            await self._tell_callers(self._absent)

    def is_up(self, node: str) -> bool:
        return node not in self._dead

    async def kill(self, node: str) -> None:
        """A power cut, also in the middle of a start; who is dead stays so."""
        if await self._end(node):
            self._start_by_itself(node)

    async def restart(self, node: str) -> None:
        await self._end(node)
        self.start(node)

    def start(self, node: str) -> None:
        """In the background, if it is down."""
        if node in self._dead and node not in self._starting:
            scope = self._starting[node] = trio.CancelScope()
            self._background.start_soon(self._until_ready, node, scope)

    def enlist(self, node: str) -> None:
        """A replica comes: once it is ready, its callers are told. One that is on its way out goes first."""
        if node in self._leaving:
            self._leaving[node] = True
        else:
            self.start(node)

    async def dismiss(self, node: str) -> None:
        """A replica goes: its callers are told first, and what it is at may finish, in the background."""
        self._absent.add(node)
        await self._tell_callers((node,))
        starting = self._starting.pop(node, None)
        if starting is not None:
            starting.cancel()
        is_leaving = node in self._leaving
        self._leaving[node] = False
        if not is_leaving:
            self._background.start_soon(self._stop, node, starting is not None)

    async def pause(self, node: str) -> None:
        if node not in self._dead:
            self._paused.add(node)
            await self._world.pause(node)

    async def resume(self, node: str) -> None:
        if node in self._paused:
            await self._world.resume(node)
            self._paused.discard(node)

    async def resume_all(self) -> None:
        """Who is asked for the last events must be able to answer."""
        for node in sorted(self._paused):
            await self.resume(node)

    # -- inside ------------------------------------------------------------------------------------------------------------

    async def _end(self, node: str) -> bool:
        """Whether there was anything to end."""
        starting = self._starting.pop(node, None)
        if starting is not None:
            starting.cancel()
        if node in self._dead and starting is None:
            return False
        self._dead.add(node)
        self._paused.discard(node)
        await self._world.kill(node)
        return True

    def _crashed(self, node: str) -> None:
        """By itself, as the world found."""
        self._dead.add(node)
        self._paused.discard(node)
        self._start_by_itself(node)

    async def _until_ready(self, node: str, scope: trio.CancelScope) -> None:
        with scope:
            await self._world.start(node)
            self._dead.discard(node)
            if node in self._absent:
                self._absent.discard(node)
                await self._tell_callers((node,))
        if self._starting.get(node) is scope:
            del self._starting[node]

    async def _stop(self, node: str, was_starting: bool) -> None:
        if was_starting:
            await self._world.kill(node)
        elif node not in self._dead:
            await self.resume(node)
            await self._world.stop(node)
        self._dead.add(node)
        if self._leaving.pop(node):
            self.start(node)

    def _start_by_itself(self, node: str) -> None:
        """After a pause that doubles with every crash, as often as its policy says."""
        spec = self._specs[node]
        crashes = self._crashes[node] = self._crashes.get(node, 0) + 1
        if crashes > spec.restarts:
            return
        after_s = spec.restart_after_s * 2 ** min(crashes - 1, MOST_DOUBLINGS)
        data = {"after": after_s, "crash": crashes, "of": spec.restarts}
        self._tell(Happened(at=self._world.now(), node=node, what="starts again", data=data))
        self._background.start_soon(self._start_after, node, self._world.now() + after_s)

    async def _start_after(self, node: str, at_s: float) -> None:
        await self._world.sleep_until(at_s)
        if node not in self._absent:
            self.start(node)

    async def _tell_callers(self, changed: Iterable[str]) -> None:
        changed = set(changed)
        for caller in self._topology.services:
            if changed.intersection(caller.calls):
                await self._world.set_absent(caller.name, frozenset(self._absent.intersection(caller.calls)))
