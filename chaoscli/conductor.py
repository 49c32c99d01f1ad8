"""Intents into motion: performs a variant's cues in a world, on time, and undoes whatever is still on at the end.

It cannot tell which world it is in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import trio

from chaoscli.errors import NotMadeError
from chaoscli.events import FaultHealed, FaultInjected
from chaoscli.faults.base import ByteFault, MessageFault, NodeFault
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.datagrams.base import DatagramFault
from chaoscli.faults.growing import grown
from chaoscli.faults.slow import Slow
from chaoscli.nodes import Nodes
from chaoscli.playbook.meaning import FaultPlan, Variant
from chaoscli.playbook.schedule import Act, Cue, Grow, Heal, Inject, Undo, schedule, steps_of
from chaoscli.recording import Recording
from chaoscli.scaling import Scaling
from chaoscli.settings import to_plain
from chaoscli.stagehand import Stagehand
from chaoscli.watching import Watching
from chaoscli.worlds.base import Recorder, World

# Undoing everything is a handful of questions to processes of ours; a world that takes longer is being ended anyway.
LONGEST_UNDO_S = 1.0


async def conduct(
    variant: Variant, world: World, recorder: Recorder, heard: Recording, *, lasts_s: float, stop: trio.Event
) -> bool:
    """Play the variant's cues, then drain. When ``stop`` is set the rest is left out, but all is undone. True if complete,
    as also a play is that a rule of its own ends.

    ``heard`` is the recording as it grows, for what is decided by what is measured.
    """
    await world.raise_curtain()
    async with _left_out_when(stop) as background:
        stage = _Stage(variant, world, recorder, heard, background)
        try:
            with trio.CancelScope() as play:
                await stage.set()
                watching = Watching(world, recorder, heard, perform=stage.perform, abort=play.cancel, lasts_s=lasts_s)
                watching.begin(variant, background)
                for cue in schedule(variant):
                    await world.sleep_until(cue.at_s)
                    await stage.perform(cue)
                await world.sleep_until(lasts_s)
                watching.tell_what_never_came()
        finally:
            with trio.move_on_after(LONGEST_UNDO_S) as patience:
                patience.shield = True
                await stage.undo_all()
    if not stop.is_set():
        if patience.cancelled_caught:
            raise NotMadeError(f"the faults could not all be undone within {LONGEST_UNDO_S:g}s of the end of the play")
        async with _left_out_when(stop):
            await world.drain()
    return not stop.is_set()


class _Stage:
    """Whoever does what a cue says."""

    def __init__(self, variant: Variant, world: World, recorder: Recorder, heard: Recording, background: trio.Nursery) -> None:
        topology = variant.topology
        self._turn = trio.Lock()
        self._over = False
        self._background = background
        self._faults = Faults(world, recorder)
        self._nodes = Nodes(world, topology, background, recorder.record)
        self._scaling = Scaling(world, topology, self._nodes, heard, recorder.record)
        self._stagehand = Stagehand(world, recorder, topology, self._nodes, self._scaling)

    async def set(self) -> None:
        await self._nodes.introduce()
        self._scaling.follow_rules(self._background)

    async def perform(self, cue: Cue) -> None:
        """One at a time, whoever asks; nothing any more once all is being undone."""
        async with self._turn:
            if not self._over:
                await self._do(cue)

    async def _do(self, cue: Cue) -> None:
        match cue:
            case Inject(plan=plan, at_s=at, until_s=until):
                await self._faults.inject(plan, at, until)
            case Grow(plan=plan, share=share):
                await self._faults.grow(plan, share)
            case Heal(plan=plan, at_s=at):
                await self._faults.heal(plan.name, at)
            case Act(plan=plan, at_s=at, until_s=until):
                await self._stagehand.act(plan, at, until)
            case Undo(plan=plan, at_s=at):
                await self._stagehand.undo(plan, at)

    async def undo_all(self) -> None:
        self._over = True
        await self._faults.undo_all()
        await self._stagehand.undo_all()


@dataclass(frozen=True, slots=True)
class _On:
    """A fault that is on, since an instant of the play."""

    plan: FaultPlan
    since: float
    fault: ByteFault | MessageFault | DatagramFault | NodeFault  # as far as it has grown


class Faults:
    """What is on just now. Node faults of one kind on one node add up, and each is undone on its own."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder
        self._on: dict[str, _On] = {}

    async def inject(self, plan: FaultPlan, at_s: float, until_s: float | None) -> None:
        # Known before it is done: if doing it is interrupted half way, it is undone like the rest.
        on = self._on[plan.name] = _On(plan, self._world.now(), grown(plan.fault, 1.0 / steps_of(plan)))
        if isinstance(on.fault, ByteFault | MessageFault | DatagramFault):
            await self._world.board.inject(plan.name, plan.links, on.fault, plan.share)
        else:
            await self._suffer(plan.nodes)
        self._tell_injected(plan, at_s, until_s)

    async def grow(self, plan: FaultPlan, share: float) -> None:
        """To this share of its settings, if it is still there."""
        on = self._on.get(plan.name)
        if on is None:
            return
        on = self._on[plan.name] = replace(on, fault=grown(plan.fault, share))
        if isinstance(on.fault, ByteFault | MessageFault | DatagramFault):
            await self._world.board.update(plan.name, on.fault, plan.share)
        else:
            await self._suffer(plan.nodes)

    async def undo_all(self) -> None:
        for name in list(self._on):
            await self.heal(name, self._world.now())

    async def heal(self, name: str, asked_at: float) -> None:
        """Forgotten only once it is done: what is interrupted half way is undone again at the end."""
        plan = self._on[name].plan
        if isinstance(plan.fault, ByteFault | MessageFault | DatagramFault):
            await self._world.board.heal(name)
        else:
            await self._suffer(plan.nodes, without=name)
        del self._on[name]
        self._recorder.record(FaultHealed(at=self._world.now(), fault=name, asked_at=asked_at))

    async def _suffer(self, nodes: Sequence[str], without: str = "") -> None:
        """Give these nodes the sum of what is on for them, less one that is healing."""
        now = self._world.now()
        for node in nodes:
            on = [one for one in self._on.values() if node in one.plan.nodes and one.plan.name != without]
            slower = prod(one.fault.by for one in on if isinstance(one.fault, Slow))
            await self._world.set_speed(node, slower)
            skews = [(one.fault, now - one.since) for one in on if isinstance(one.fault, ClockSkew)]
            # What a clock has drifted so far it keeps while others come and go: a clock does not jump back for that.
            offset = sum(skew.offset + skew.gains * 1e-6 * age_s for skew, age_s in skews)
            await self._world.set_clock(node, ClockSkew(offset=offset, drift=sum(skew.gains for skew, _ in skews)))

    def _tell_injected(self, plan: FaultPlan, asked_at: float, asked_until: float | None) -> None:
        self._recorder.record(
            FaultInjected(
                at=self._world.now(), fault=plan.name, kind=plan.kind, text=plan.text, targets=plan.targets,
                asked_at=asked_at, asked_until=asked_until, settings=_settings(plan),
            )
        )  # fmt: skip


def _settings(plan: FaultPlan) -> dict[str, Any]:
    """What was asked of it, in its plain form."""
    return {**to_plain(plan.fault), "share": plan.share, **({"ramp": plan.ramp_s} if plan.ramp_s else {})}


@asynccontextmanager
async def _left_out_when(stop: trio.Event) -> AsyncIterator[trio.Nursery]:
    """What stands inside ends early when ``stop`` is set; so does what goes on in the nursery, at the latest with it."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_when, stop, nursery.cancel_scope)
        yield nursery
        nursery.cancel_scope.cancel()


async def _cancel_when(stop: trio.Event, scope: trio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()
