"""The conductor performs each cue at its time, adds up what overlaps on a node, and undoes everything on every way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
import trio
from trio.testing import MockClock

from chaoscli.conductor import conduct
from chaoscli.errors import NotMadeError
from chaoscli.events import Event, FaultHealed, FaultInjected
from chaoscli.faults.base import ByteFault, Direction, NodeFault
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.latency import Latency
from chaoscli.faults.silence import Silence
from chaoscli.faults.slow import Slow
from chaoscli.playbook.meaning import CuePlan, FaultPlan, Variant
from chaoscli.recording import Recording
from chaoscli.settings import to_plain
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.base import LinkFault

ORDER_TO_INVENTORY = Link("order", "inventory")
SHOP = Topology(nodes=(NodeSpec(name="order", kind="order"), NodeSpec(name="shoppers", kind="load")))


@dataclass
class Script:
    """A world on a virtual clock that writes down what it is asked to do, and when."""

    acts: list[str] = field(default_factory=list)
    broken: str = ""
    drain_s: float = 0.0
    start_s: float = 0.2
    on_crash: Callable[[str], None] | None = None

    @property
    def board(self) -> Script:
        return self

    def now(self) -> float:
        return trio.current_time()

    async def sleep_until(self, at: float) -> None:
        await trio.sleep_until(at)

    async def raise_curtain(self) -> None:
        self._act("curtain")

    async def drain(self) -> None:
        self._act("drain")
        await trio.sleep(self.drain_s)

    async def finish(self, *, complete: bool) -> None:
        self._act("finish")

    async def inject(self, name: str, links: Sequence[tuple[Link, Direction]], fault: LinkFault, share: float = 1.0) -> None:
        self._act(f"inject {name} on {', '.join(f'{link} {direction}' for link, direction in links)}")
        if name == self.broken:
            raise NotMadeError(f"no {name}")
        await trio.sleep(0.5 if name == "long" else 0.0)

    async def update(self, name: str, fault: LinkFault, share: float = 1.0) -> None:
        self._act(f"update {name} to {to_plain(fault)}")

    async def heal(self, name: str) -> None:
        self._act(f"heal {name}")
        await trio.sleep(60.0 if name == "stuck" else 0.0)

    async def set_speed(self, node: str, slower_by: float) -> None:
        self._act(f"{node} slower by {slower_by:g}")

    async def set_clock(self, node: str, skew: ClockSkew) -> None:
        self._act(f"{node} clock {skew.offset:+g}s {skew.drift:+g}ppm")

    async def start(self, node: str) -> None:
        self._act(f"start {node}")
        await trio.sleep(self.start_s)
        self._act(f"{node} is ready")

    async def kill(self, node: str) -> None:
        self._act(f"kill {node}")

    async def stop(self, node: str) -> None:
        self._act(f"stop {node}")

    async def set_absent(self, node: str, callees: frozenset[str]) -> None:
        self._act(f"{node} without {', '.join(sorted(callees))}")

    async def pause(self, node: str) -> None:
        self._act(f"pause {node}")

    async def resume(self, node: str) -> None:
        self._act(f"resume {node}")

    async def set_rate(self, load: str, per_second: float | None) -> None:
        self._act(f"{load} at {per_second}")

    def _act(self, what: str) -> None:
        self.acts.append(f"{self.now():.1f} {what}")

    def clear_clocks(self) -> list[str]:
        """The acts without the clocks that were set to the truth."""
        return [act for act in self.acts if not act.endswith("clock +0s +0ppm")]


@dataclass
class Kept:
    events: list[Event] = field(default_factory=list)

    def record(self, event: Event) -> None:
        self.events.append(event)

    def story(self) -> list[str]:
        told = []
        for event in self.events:
            if isinstance(event, FaultInjected):
                told.append(f"{event.at:.1f} {event.fault} begins, asked {event.asked_at:g}")
            elif isinstance(event, FaultHealed):
                told.append(f"{event.at:.1f} {event.fault} heals, asked {event.asked_at:g}")
        return told


def plan(name: str, at: float, until: float | None, fault: ByteFault | NodeFault) -> FaultPlan:
    if isinstance(fault, ByteFault):
        links, nodes = ((ORDER_TO_INVENTORY, Direction.REQUEST),), ()
    else:
        links, nodes = (), ("inventory",)  # type: ignore[assignment]
    return FaultPlan(
        name=name,
        kind=fault.kind,
        at_s=at,
        until_s=until,
        text=name,
        targets=("somewhere",),
        fault=fault,
        links=links,
        nodes=nodes,
    )


async def perform(
    world: Script, *plans: FaultPlan, cues: Sequence[CuePlan] = (), lasts_s: float = 5.0, stop_at: float | None = None
) -> tuple[bool, Kept]:
    kept, stop = Kept(), trio.Event()
    variant = Variant(name="only", topology=SHOP, faults=plans, cues=tuple(cues))

    async def stop_later() -> None:
        if stop_at is not None:
            await trio.sleep_until(stop_at)
            stop.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_later)
        complete = await conduct(variant, world, kept, Recording("only"), lasts_s=lasts_s, stop=stop)
    return complete, kept


async def test_each_cue_comes_at_its_time(autojump_clock: MockClock) -> None:
    world = Script()
    complete, kept = await perform(world, plan("cut", 1.0, 3.0, Silence()), plan("slow", 2.0, 4.0, Slow(by=4.0)))
    assert complete
    assert world.clear_clocks() == [
        "0.0 curtain",
        "1.0 inject cut on order -> inventory request",
        "2.0 inventory slower by 4",
        "3.0 heal cut",
        "4.0 inventory slower by 1",
        "5.0 drain",
    ]
    assert kept.story() == [
        "1.0 cut begins, asked 1",
        "2.0 slow begins, asked 2",
        "3.0 cut heals, asked 3",
        "4.0 slow heals, asked 4",
    ]


async def test_a_fault_without_an_end_ends_with_the_play(autojump_clock: MockClock) -> None:
    world = Script()
    _complete, kept = await perform(world, plan("cut", 1.0, None, Silence()))
    assert world.acts[-2:] == ["5.0 heal cut", "5.0 drain"]
    assert kept.story()[-1] == "5.0 cut heals, asked 5"


async def test_faults_on_one_node_add_up_and_each_is_undone_on_its_own(autojump_clock: MockClock) -> None:
    world = Script()
    await perform(
        world,
        plan("slow", 1.0, 3.0, Slow(by=4.0)),
        plan("slower", 2.0, 4.0, Slow(by=3.0)),
        plan("behind", 1.0, 4.0, ClockSkew(offset=-0.15)),
        plan("fast", 2.0, 3.0, ClockSkew(offset=0.05, drift=200.0)),
    )
    # After each cue the node is told both of its sums; only the last word at each instant matters.
    last = {act.split()[0] + " " + act.split()[2]: act for act in world.acts if act.split()[1] == "inventory"}
    assert sorted(last.values()) == sorted(
        [
            "1.0 inventory slower by 4",
            "1.0 inventory clock -0.15s +0ppm",
            "2.0 inventory slower by 12",
            "2.0 inventory clock -0.1s +200ppm",
            "3.0 inventory slower by 3",
            "3.0 inventory clock -0.15s +0ppm",
            "4.0 inventory slower by 1",
            "4.0 inventory clock +0s +0ppm",
        ]
    )


async def test_a_stop_leaves_out_the_rest_but_undoes_what_is_on(autojump_clock: MockClock) -> None:
    world = Script()
    complete, _kept = await perform(world, plan("cut", 1.0, 4.0, Silence()), plan("late", 3.0, 4.0, Silence()), stop_at=2.0)
    assert not complete
    assert world.acts == ["0.0 curtain", "1.0 inject cut on order -> inventory request", "2.0 heal cut"]


async def test_a_fault_stopped_while_it_is_being_injected_is_undone_too(autojump_clock: MockClock) -> None:
    world = Script()
    await perform(world, plan("long", 1.0, 4.0, Silence()), stop_at=1.2)
    assert world.acts[-1] == "1.2 heal long"


async def test_an_error_undoes_what_is_on_and_goes_its_way(autojump_clock: MockClock) -> None:
    world = Script(broken="bad")
    with pytest.RaisesGroup(NotMadeError, flatten_subgroups=True):
        await perform(world, plan("cut", 1.0, 4.0, Silence()), plan("bad", 2.0, 4.0, Silence()))
    assert world.acts[-2:] == ["2.0 heal cut", "2.0 heal bad"]


async def test_a_stop_ends_the_drain_as_well(autojump_clock: MockClock) -> None:
    world = Script(drain_s=60.0)
    complete, _kept = await perform(world, stop_at=6.0)
    assert not complete
    assert world.now() == 6.0


async def test_a_fault_that_cannot_be_undone_is_an_error_and_not_part_of_the_drain(autojump_clock: MockClock) -> None:
    world = Script()
    with pytest.RaisesGroup(pytest.RaisesExc(NotMadeError, match="could not all be undone within 1s"), flatten_subgroups=True):
        await perform(world, plan("stuck", 1.0, None, Silence()))
    assert world.acts[-1] == "5.0 heal stuck"


async def test_a_clock_keeps_what_it_has_drifted_while_other_faults_of_its_node_come_and_go(autojump_clock: MockClock) -> None:
    world = Script()
    await perform(world, plan("fast", 1.0, 4.0, ClockSkew(drift=1000.0)), plan("slow", 2.0, 3.0, Slow(by=4.0)))
    # 1000 ppm are a millisecond in each second.
    assert [act for act in world.acts if "clock" in act] == [
        "1.0 inventory clock +0s +1000ppm",
        "2.0 inventory clock +0.001s +1000ppm",
        "3.0 inventory clock +0.002s +1000ppm",
        "4.0 inventory clock +0s +0ppm",
    ]


async def test_a_clock_that_stands_still_stays_there_while_other_faults_of_its_node_come_and_go(
    autojump_clock: MockClock,
) -> None:
    world = Script()
    await perform(world, plan("stopped", 1.0, 4.0, ClockSkew(freeze=True)), plan("slow", 2.0, 3.0, Slow(by=4.0)))
    assert [act for act in world.acts if "clock" in act] == [
        "1.0 inventory clock +0s -1e+06ppm",
        "2.0 inventory clock -1s -1e+06ppm",
        "3.0 inventory clock -2s -1e+06ppm",
        "4.0 inventory clock +0s +0ppm",
    ]


def cue(
    kind: str, target: str, at: float, until: float | None = None, *, undone: bool | None = None, rate: float | None = None
) -> CuePlan:
    return CuePlan(
        name=f"{kind}-{at:g}", kind=kind, at_s=at, until_s=until, text=f"{kind} {target}", targets=(target,),
        undone=until is not None if undone is None else undone, rate=rate,
    )  # fmt: skip


async def test_a_killed_node_is_started_again_at_the_end_of_its_cue(autojump_clock: MockClock) -> None:
    world = Script()
    _complete, kept = await perform(world, cues=[cue("kill", "order", 1.0, 2.0)])
    assert world.acts == ["0.0 curtain", "1.0 kill order", "2.0 start order", "2.2 order is ready", "5.0 drain"]
    assert kept.story() == ["1.0 kill-1 begins, asked 1", "2.0 kill-1 heals, asked 2"]


async def test_a_node_that_takes_its_time_to_start_keeps_no_other_cue_waiting(autojump_clock: MockClock) -> None:
    world = Script(start_s=2.0)
    await perform(world, cues=[cue("restart", "order", 1.0), cue("load", "shoppers", 1.5, rate=60.0)])
    assert world.acts == [
        "0.0 curtain",
        "1.0 kill order",
        "1.0 start order",
        "1.5 shoppers at 60.0",
        "3.0 order is ready",
        "5.0 drain",
    ]


async def test_a_node_that_is_killed_in_the_middle_of_its_start_stays_dead(autojump_clock: MockClock) -> None:
    world = Script(start_s=2.0)
    await perform(world, cues=[cue("restart", "order", 1.0), cue("kill", "order", 2.0)])
    assert world.acts == ["0.0 curtain", "1.0 kill order", "1.0 start order", "2.0 kill order", "5.0 drain"]


async def test_a_node_whose_restart_another_cue_asks_for_is_not_killed_twice(autojump_clock: MockClock) -> None:
    world = Script()
    cues = [cue("kill", "order", 1.0, 3.0, undone=False), cue("restart", "order", 3.0)]
    _complete, kept = await perform(world, cues=cues)
    assert world.acts == ["0.0 curtain", "1.0 kill order", "3.0 start order", "3.2 order is ready", "5.0 drain"]
    assert kept.story() == [
        "1.0 kill-1 begins, asked 1",
        "3.0 kill-1 heals, asked 3",
        "3.0 restart-3 begins, asked 3",
        "3.0 restart-3 heals, asked 3",
    ]


@pytest.mark.parametrize(("stop_at", "end"), [(None, "5"), (2.0, "2")])
async def test_nobody_stays_paused_when_the_play_is_over_or_interrupted(
    stop_at: float | None, end: str, autojump_clock: MockClock
) -> None:
    world = Script()
    _complete, kept = await perform(world, cues=[cue("pause", "order", 1.0)], stop_at=stop_at)
    assert world.acts[:3] == ["0.0 curtain", "1.0 pause order", f"{end}.0 resume order"]
    assert kept.story() == ["1.0 pause-1 begins, asked 1", f"{end}.0 pause-1 heals, asked {end}"]


async def test_who_was_killed_while_paused_is_not_resumed(autojump_clock: MockClock) -> None:
    world = Script()
    await perform(world, cues=[cue("pause", "order", 1.0), cue("kill", "order", 2.0)])
    assert world.acts == ["0.0 curtain", "1.0 pause order", "2.0 kill order", "5.0 drain"]


async def test_a_load_offers_what_the_last_cue_that_lasts_says_and_nothing_while_it_is_paused(autojump_clock: MockClock) -> None:
    world = Script()
    await perform(
        world,
        cues=[
            cue("load", "shoppers", 0.5, rate=30.0),
            cue("load", "shoppers", 1.0, 3.0, rate=60.0),
            cue("pause", "shoppers", 1.5, 2.0),
            cue("load", "shoppers", 2.5, 4.0, rate=90.0),
        ],
    )
    assert world.acts[1:-1] == [
        "0.5 shoppers at 30.0",
        "1.0 shoppers at 60.0",
        "1.5 shoppers at 0.0",
        "2.0 shoppers at 60.0",
        "2.5 shoppers at 90.0",
        "3.0 shoppers at 90.0",
        "4.0 shoppers at 30.0",
    ]


async def test_a_load_offers_what_is_written_when_its_cue_is_over(autojump_clock: MockClock) -> None:
    world = Script()
    await perform(world, cues=[cue("load", "shoppers", 1.0, 2.0, rate=60.0)])
    assert world.acts[1:-1] == ["1.0 shoppers at 60.0", "2.0 shoppers at None"]


async def test_a_fault_grows_step_by_step_to_what_was_asked(autojump_clock: MockClock) -> None:
    world = Script()
    late = replace(plan("lag", 1.0, 3.0, Latency(delay=0.3)), ramp_s=0.3)
    slow = replace(plan("slow", 1.0, None, Slow(by=4.0)), ramp_s=0.3)
    await perform(world, late, slow)
    assert [act for act in world.clear_clocks() if "update" not in act and "lag" not in act] == [
        "0.0 curtain",
        "1.0 inventory slower by 2",
        "1.1 inventory slower by 3",
        "1.3 inventory slower by 4",
        "5.0 inventory slower by 1",
        "5.0 drain",
    ]
    delays = [act.partition("'delay': ")[2].partition(",")[0] for act in world.acts if "update lag" in act]
    assert [round(float(delay), 3) for delay in delays] == [0.2, 0.3]


async def test_who_ends_by_itself_and_is_to_start_again_does(autojump_clock: MockClock) -> None:
    world = Script()
    topology = Topology(nodes=(NodeSpec(name="order", kind="order", restarts=1, restart_after_s=0.5),))
    variant = Variant(name="only", topology=topology, faults=())

    async def crash_at(at: float) -> None:
        await trio.sleep_until(at)
        assert world.on_crash is not None
        world.on_crash("order")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(crash_at, 1.0)
        nursery.start_soon(crash_at, 3.0)  # once too often
        await conduct(variant, world, Kept(), Recording("only"), lasts_s=5.0, stop=trio.Event())
    assert world.acts == ["0.0 curtain", "1.5 start order", "1.7 order is ready", "5.0 drain"]
