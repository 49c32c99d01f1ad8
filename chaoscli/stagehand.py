"""Does to nodes and loads what the cues of a script say, tells it, and leaves nobody paused."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from chaoscli.events import FaultHealed, FaultInjected
from chaoscli.playbook.meaning import CuePlan
from chaoscli.topology import Topology
from chaoscli.worlds.base import Recorder, World


@dataclass(slots=True)
class _Rates:
    """What cues ask of one load just now: nothing while it is paused, else what the last of those that last says."""

    paused: set[str] = field(default_factory=set)
    lasting: dict[str, float | None] = field(default_factory=dict)
    since: float | None = None  # asked by a cue without an end

    @property
    def per_second(self) -> float | None:
        if self.paused:
            return 0.0
        return list(self.lasting.values())[-1] if self.lasting else self.since


class Stagehand:
    """``background`` is where what takes its time goes on: a node that starts must not keep the next cue waiting."""

    def __init__(self, world: World, recorder: Recorder, topology: Topology, background: trio.Nursery) -> None:
        self._world = world
        self._recorder = recorder
        self._background = background
        self._loads = {load.name: _Rates() for load in topology.loads}
        self._dead: set[str] = set()
        self._paused: set[str] = set()
        self._starting: dict[str, trio.CancelScope] = {}
        self._open: dict[str, CuePlan] = {}

    async def act(self, plan: CuePlan, at_s: float, until_s: float | None) -> None:
        """Tell it and do it: what comes of it is told after it."""
        if not plan.is_instant:
            self._open[plan.name] = plan
        self._recorder.record(
            FaultInjected(
                at=self._world.now(), fault=plan.name, kind=plan.kind, text=plan.text, targets=plan.targets,
                asked_at=at_s, asked_until=at_s if plan.is_instant else until_s,
            )
        )  # fmt: skip
        for target in plan.targets:
            await self._do(plan, target, lasts=until_s is not None)
        if plan.is_instant:
            self._tell_over(plan, at_s)

    async def undo(self, plan: CuePlan, at_s: float) -> None:
        """Its end: what it did itself is undone; what another cue ended is only told."""
        if plan.undone:
            for target in plan.targets:
                await self._undo(plan, target)
        self._open.pop(plan.name, None)
        self._tell_over(plan, at_s)

    async def undo_all(self) -> None:
        """Nobody stays paused: who is asked for the last events must be able to answer. The dead stay dead."""
        for plan in list(self._open.values()):
            self._open.pop(plan.name)
            self._tell_over(plan, self._world.now())
        for node in sorted(self._paused):
            await self._resume(node)

    # -- one at a time -----------------------------------------------------------------------------------------------------

    async def _do(self, plan: CuePlan, target: str, *, lasts: bool) -> None:
        match plan.kind:
            case "kill":
                await self._kill(target)
            case "restart":
                await self._kill(target)
                self._start(target)
            case "pause" if target in self._loads:
                self._loads[target].paused.add(plan.name)
                await self._offer(target)
            case "pause":
                self._paused.add(target)
                await self._world.pause(target)
            case "resume" if target in self._loads:
                self._loads[target].paused.clear()
                await self._offer(target)
            case "resume":
                await self._resume(target)
            case "load":
                rates = self._loads[target]
                if lasts:
                    rates.lasting[plan.name] = plan.rate
                else:
                    rates.since = plan.rate
                await self._offer(target)

    async def _undo(self, plan: CuePlan, target: str) -> None:
        match plan.kind:
            case "kill":
                self._start(target)
            case "pause" | "load" if target in self._loads:
                self._loads[target].paused.discard(plan.name)
                self._loads[target].lasting.pop(plan.name, None)
                await self._offer(target)
            case "pause":
                await self._resume(target)

    async def _kill(self, node: str) -> None:
        """Also in the middle of its start; who is dead stays so."""
        starting = self._starting.pop(node, None)
        if starting is not None:
            starting.cancel()
        if node not in self._dead or starting is not None:
            self._dead.add(node)
            self._paused.discard(node)
            await self._world.kill(node)

    def _start(self, node: str) -> None:
        if node in self._dead and node not in self._starting:
            scope = self._starting[node] = trio.CancelScope()
            self._background.start_soon(self._until_ready, node, scope)

    async def _until_ready(self, node: str, scope: trio.CancelScope) -> None:
        with scope:
            await self._world.start(node)
            self._dead.discard(node)
        if self._starting.get(node) is scope:
            del self._starting[node]

    async def _resume(self, node: str) -> None:
        if node in self._paused:
            await self._world.resume(node)
            self._paused.discard(node)

    async def _offer(self, load: str) -> None:
        await self._world.set_rate(load, self._loads[load].per_second)

    def _tell_over(self, plan: CuePlan, asked_at: float) -> None:
        self._recorder.record(FaultHealed(at=self._world.now(), fault=plan.name, asked_at=asked_at))
