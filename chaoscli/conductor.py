"""Intents into motion: performs a variant's cues in a world, on time, and undoes whatever is still on at the end.

It cannot tell which world it is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import trio

from chaoscli.events import FaultHealed, FaultInjected
from chaoscli.faults.base import ByteFault, MessageFault
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.slow import Slow
from chaoscli.playbook.meaning import FaultPlan
from chaoscli.playbook.schedule import Cue, Heal, Inject
from chaoscli.settings import to_plain
from chaoscli.worlds.base import Recorder, World

# Undoing everything is a handful of questions to processes of ours; a world that takes longer is being ended anyway.
LONGEST_UNDO_S = 1.0


async def conduct(cues: Sequence[Cue], world: World, recorder: Recorder, *, lasts_s: float, stop: trio.Event) -> bool:
    """Play the cues, then drain. When ``stop`` is set the rest is left out, but all is undone and drained. True if complete."""
    faults = _Faults(world, recorder)
    await world.raise_curtain()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_when, stop, nursery.cancel_scope)
            for cue in cues:
                await world.sleep_until(cue.at_s)
                await faults.perform(cue)
            await world.sleep_until(lasts_s)
            nursery.cancel_scope.cancel()
    finally:
        with trio.move_on_after(LONGEST_UNDO_S) as patience:
            patience.shield = True
            await faults.undo_all()
    if not stop.is_set():
        await world.drain()
    return not stop.is_set()


class _Faults:
    """What is on just now. Node faults of one kind on one node add up, and each is undone on its own."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder
        self._on: dict[str, FaultPlan] = {}

    async def perform(self, cue: Cue) -> None:
        match cue:
            case Inject(plan=plan, at_s=at):
                # Known before it is done: if doing it is interrupted half way, it is undone like the rest.
                self._on[plan.name] = plan
                await self._inject(plan)
                self._tell_injected(plan, at)
            case Heal(plan=plan, at_s=at):
                await self._heal(plan.name, at)

    async def undo_all(self) -> None:
        for name in list(self._on):
            await self._heal(name, self._world.now())

    async def _inject(self, plan: FaultPlan) -> None:
        if isinstance(plan.fault, ByteFault | MessageFault):
            await self._world.board.inject(plan.name, plan.links, plan.fault, plan.share)
        else:
            await self._suffer(plan.nodes)

    async def _heal(self, name: str, asked_at: float) -> None:
        """Forgotten only once it is done: what is interrupted half way is undone again at the end."""
        plan = self._on[name]
        if isinstance(plan.fault, ByteFault | MessageFault):
            await self._world.board.heal(name)
        else:
            await self._suffer(plan.nodes, without=name)
        del self._on[name]
        self._recorder.record(FaultHealed(at=self._world.now(), fault=name, asked_at=asked_at))

    async def _suffer(self, nodes: Sequence[str], without: str = "") -> None:
        """Give these nodes the sum of what is on for them, less one that is healing."""
        for node in nodes:
            faults = [plan.fault for plan in self._on.values() if node in plan.nodes and plan.name != without]
            skews = [fault for fault in faults if isinstance(fault, ClockSkew)]
            await self._world.set_speed(node, prod(fault.by for fault in faults if isinstance(fault, Slow)))
            offset, drift = sum(skew.offset for skew in skews), sum(skew.drift for skew in skews)
            await self._world.set_clock(node, ClockSkew(offset=offset, drift=drift))

    def _tell_injected(self, plan: FaultPlan, asked_at: float) -> None:
        self._recorder.record(
            FaultInjected(
                at=self._world.now(), fault=plan.name, kind=plan.kind, text=plan.text, targets=plan.targets,
                asked_at=asked_at, asked_until=plan.until_s, settings={**to_plain(plan.fault), "share": plan.share},
            )
        )  # fmt: skip


async def _cancel_when(stop: trio.Event, scope: trio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()
