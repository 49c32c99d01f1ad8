"""A plan into motion, in any world: faults while they may come, then everything is mended and the rest is watched.

The first phase looks for what must never happen, the second for what must happen in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import prod

import trio

from chaoscli.checks.shipped_in_time import SHIPPED_WITHIN_S
from chaoscli.events import CallEnded, CallStarted, Event, FaultHealed, FaultInjected
from chaoscli.exploration import Moment, Plan, PlannedFault
from chaoscli.explore.vocabulary import VOCABULARY
from chaoscli.faults.catalogue import describe, fault_from_plain
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.base import Recorder, World

# After the load has ended, what is under way behind it comes to rest, and the last order is due.
REST_S = SHIPPED_WITHIN_S + 0.5
# A fault whose moment comes when all is mended is left out; one that is being undone then gets this long, on processes.
LONGEST_UNDO_S = 12.0


def staged(topology: Topology, plan: Plan) -> Topology:
    """The topology with its loads as the plan wants them: stopped sooner, of fewer people, or not there."""
    nodes = [_staged_load(node, plan) if node.kind == "load" else node for node in topology.nodes]
    return replace(topology, nodes=tuple(node for node in nodes if node is not None))


def _staged_load(node: NodeSpec, plan: Plan) -> NodeSpec | None:
    settings = dict(node.settings)
    stops_s = plan.stops_s.get(node.name)
    if stops_s is not None:
        if stops_s <= float(settings.get("starts", 0.0)):
            return None
        settings["stops"] = stops_s
    if node.name in plan.users:
        settings["users"] = plan.users[node.name]
    return replace(node, settings=settings)


def names_of(plan: Plan) -> list[str]:
    """What each fault is called in the recording, and draws its dice by: the same as long as the faults before it of its own
    kind and target are the same."""
    seen: Counter[str] = Counter()
    names = []
    for fault in plan.faults:
        seen[fault.what] += 1
        names.append(fault.what if seen[fault.what] == 1 else f"{fault.what} ({seen[fault.what]})")
    return names


class Listening:
    """A recorder that passes on what it is told, and knows when the messages come that faults wait for."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._counts: Counter[tuple[str, bool]] = Counter()
        self._waited: dict[tuple[str, bool, int], trio.Event] = {}

    def record(self, event: Event) -> None:
        self._recorder.record(event)
        if isinstance(event, CallStarted):
            self._came(f"{event.caller} -> {event.callee}", reply=False)
        elif isinstance(event, CallEnded) and event.status:
            self._came(f"{event.caller} -> {event.callee}", reply=True)

    async def wait(self, moment: Moment) -> None:
        """Until it comes; at once if it has been."""
        if self._counts[moment.link, moment.reply] < moment.number:
            await self._waited.setdefault((moment.link, moment.reply, moment.number), trio.Event()).wait()

    def _came(self, link: str, *, reply: bool) -> None:
        self._counts[link, reply] += 1
        waited = self._waited.pop((link, reply, self._counts[link, reply]), None)
        if waited is not None:
            waited.set()


async def play_plan(plan: Plan, world: World, told: Listening) -> None:
    """From the curtain to its fall."""
    await world.raise_curtain()
    harms = _Harms(world, told)
    async with trio.open_nursery() as nursery:
        for name, fault in zip(names_of(plan), plan.faults, strict=True):
            nursery.start_soon(_harm, name, fault, world, told, harms)
        await world.sleep_until(plan.heals_s)
        nursery.cancel_scope.cancel()
    await world.sleep_until(plan.lasts_s)
    await world.drain()
    await world.sleep_until(world.now() + REST_S)
    await world.finish(complete=True)


async def _harm(name: str, fault: PlannedFault, world: World, told: Listening, harms: _Harms) -> None:
    if fault.after is not None:
        await told.wait(fault.after)
        await world.sleep_until(world.now() + fault.at_s)
    else:
        await world.sleep_until(fault.at_s)
    if not harms.may_come(fault):
        return
    try:
        with trio.CancelScope(shield=True):
            await harms.begin(name, fault)
        await world.sleep_until(world.now() + fault.for_s)
    finally:
        with trio.move_on_after(LONGEST_UNDO_S) as patience:
            patience.shield = True
            await harms.end(name, fault)


class _Harms:
    """What is on just now. Two harms of one node's speed or clock add up; its life is harmed by one at a time."""

    def __init__(self, world: World, told: Recorder) -> None:
        self._world = world
        self._told = told
        self._on: dict[str, PlannedFault] = {}

    def may_come(self, fault: PlannedFault) -> bool:
        """A node that is down already can neither be killed nor stopped."""
        return not (fault.kind in _LIVES and any(one.kind in _LIVES and one.target == fault.target for one in self._on.values()))

    async def begin(self, name: str, fault: PlannedFault) -> None:
        harm, world = VOCABULARY[fault.kind], self._world
        self._on[name] = fault
        if fault.kind == "crash":
            await world.kill(fault.target)
        elif fault.kind == "pause":
            await world.pause(fault.target)
        elif harm.aim == "node":
            await self._suffer(fault)
        else:
            made = fault_from_plain(harm.fault, fault.settings)
            link = Link.parse(fault.target)
            await world.board.inject(name, [(link, direction) for direction in harm.directions], made)
        now = world.now()
        self._told.record(
            FaultInjected(
                at=now, fault=name, kind=fault.kind, text=words_of(fault), targets=(fault.target,), asked_at=now,
                asked_until=now + fault.for_s, settings=fault.settings,
            )
        )  # fmt: skip

    async def end(self, name: str, fault: PlannedFault) -> None:
        """Off for the others only when it is done: a node that is being started again is down."""
        harm, world = VOCABULARY[fault.kind], self._world
        if fault.kind == "crash":
            await world.start(fault.target)
        elif fault.kind == "pause":
            await world.resume(fault.target)
        elif harm.aim == "node":
            del self._on[name]
            await self._suffer(fault)
        else:
            await world.board.heal(name)
        self._on.pop(name, None)
        now = world.now()
        self._told.record(FaultHealed(at=now, fault=name, asked_at=now))

    async def _suffer(self, fault: PlannedFault) -> None:
        """The node gets the sum of what is on for it."""
        on = [one for one in self._on.values() if one.target == fault.target and one.kind == fault.kind]
        made = [fault_from_plain(VOCABULARY[one.kind].fault, one.settings) for one in on]
        if fault.kind == "slow":
            await self._world.set_speed(fault.target, prod(one.by for one in made))
        else:
            await self._world.set_clock(fault.target, ClockSkew(offset=sum(one.offset for one in made)))


_LIVES: Mapping[str, str] = {"crash": "a power cut", "pause": "stands still"}


def words_of(fault: PlannedFault) -> str:
    """The fault with its figures, as the catalogue of faults would say it."""
    harm = VOCABULARY[fault.kind]
    return _LIVES[fault.kind] if not harm.fault else describe(fault_from_plain(harm.fault, fault.settings))
