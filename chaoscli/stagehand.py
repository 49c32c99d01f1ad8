"""Does to nodes and loads what the cues of a script say, tells it, and leaves nobody paused."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaoscli.events import FaultHealed, FaultInjected
from chaoscli.nodes import Nodes
from chaoscli.playbook.meaning import CuePlan
from chaoscli.scaling import Scaling
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
    """Knows which cues are on."""

    def __init__(self, world: World, recorder: Recorder, topology: Topology, nodes: Nodes, scaling: Scaling) -> None:
        self._world = world
        self._recorder = recorder
        self._nodes = nodes
        self._scaling = scaling
        self._loads = {load.name: _Rates() for load in topology.loads}
        self._open: dict[str, CuePlan] = {}
        self._replicas_before: dict[tuple[str, str], int] = {}

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
            if target in self._loads:
                await self._change_load(plan, target, lasts=until_s is not None)
            else:
                await self._change_node(plan, target)
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
        """Nobody stays paused. The dead stay dead: their callers' last requests are part of the play."""
        for plan in list(self._open.values()):
            self._open.pop(plan.name)
            self._tell_over(plan, self._world.now())
        await self._nodes.resume_all()

    # -- one at a time -----------------------------------------------------------------------------------------------------

    async def _change_node(self, plan: CuePlan, node: str) -> None:
        match plan.kind:
            case "kill":
                await self._nodes.kill(node)
            case "restart":
                await self._nodes.restart(node)
            case "pause":
                await self._nodes.pause(node)
            case "resume":
                await self._nodes.resume(node)
            case "scale":
                assert plan.replicas is not None
                self._replicas_before[plan.name, node] = self._scaling.replicas(node)
                await self._scaling.scale(node, plan.replicas)

    async def _change_load(self, plan: CuePlan, load: str, *, lasts: bool) -> None:
        rates = self._loads[load]
        if plan.kind == "pause":
            rates.paused.add(plan.name)
        elif plan.kind == "resume":
            rates.paused.clear()
        elif lasts:
            rates.lasting[plan.name] = plan.rate
        else:
            rates.since = plan.rate
        await self._world.set_rate(load, rates.per_second)

    async def _undo(self, plan: CuePlan, target: str) -> None:
        if target in self._loads:
            rates = self._loads[target]
            rates.paused.discard(plan.name)
            rates.lasting.pop(plan.name, None)
            await self._world.set_rate(target, rates.per_second)
        elif plan.kind == "kill":
            self._nodes.start(target)
        elif plan.kind == "pause":
            await self._nodes.resume(target)
        else:
            await self._scaling.scale(target, self._replicas_before.pop((plan.name, target)))

    def _tell_over(self, plan: CuePlan, asked_at: float) -> None:
        self._recorder.record(FaultHealed(at=self._world.now(), fault=plan.name, asked_at=asked_at))
