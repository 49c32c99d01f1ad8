"""One run of a plan: exact, watched while it goes on, mended at the end, and with other futures of one past."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.events import Event, FaultHealed, FaultInjected, Happened, NodeChanged, RequestStarted
from chaoscli.exploration import Moment, Plan, PlannedFault, Subject
from chaoscli.explore.trial import NotTheSameError, confirmed, first_difference, run, try_seed
from chaoscli.messages import Request, Response
from chaoscli.recording import Recording
from chaoscli.services.base import Service
from chaoscli.services.catalogue import KINDS, ServiceKind
from chaoscli.services.node import Node
from chaoscli.services.replies import reply
from chaoscli.services.work import Capacity
from chaoscli.topology import Topology
from tests.explore.planted.catalogue import PLANTED_KINDS, load, node
from tests.explore.subjects import CHARGE, OVERSELL, SHELF


def plan(*faults: PlannedFault, heals_s: float = 1.0) -> Plan:
    return Plan(seed=5, heals_s=heals_s, lasts_s=heals_s + 0.3, faults=faults)


def fault(
    kind: str, target: str, at_s: float, for_s: float = 0.1, after: Moment | None = None, **settings: object
) -> PlannedFault:
    return PlannedFault(kind=kind, target=target, at_s=at_s, for_s=for_s, settings=settings, after=after)


def told(recording: Recording, kind: type[Event]) -> list[tuple[float, str]]:
    """When, and whose state or which fault."""
    found = []
    for event in recording.events:
        if type(event) is kind and event.at > 0.0:
            found.append((round(event.at, 3), getattr(event, "state", "") or getattr(event, "fault", "")))
    return found


def test_a_plan_is_the_same_run_every_time() -> None:
    one = plan(fault("crash", "payment", 0.21), fault("lost reply", "order -> payment", 0.3, what="reply", probability=0.5))
    assert confirmed(CHARGE, one).digest == run(CHARGE, one).digest
    assert run(CHARGE, replace(one, seed=6)).digest != run(CHARGE, one).digest


def test_a_crash_a_pause_and_a_fault_come_and_go_as_planned() -> None:
    made = run(CHARGE, plan(fault("crash", "payment", 0.2), fault("pause", "order", 0.5), fault("slow", "order", 0.5, by=2.0)))
    lives = [one for one in told(made.recording, NodeChanged) if one[1] != "starting"]
    assert lives == [(0.2, "killed"), (0.3, "ready"), (0.5, "paused"), (0.6, "resumed")]
    assert told(made.recording, FaultInjected) == [(0.2, "crash payment"), (0.5, "pause order"), (0.5, "slow order")]
    assert sorted(told(made.recording, FaultHealed)) == [(0.3, "crash payment"), (0.6, "pause order"), (0.6, "slow order")]


def test_what_is_on_when_all_is_mended_is_undone_and_what_has_not_come_never_comes() -> None:
    made = run(
        CHARGE,
        plan(
            fault("crash", "payment", 0.9, 5.0),
            fault("crash", "order", 0.0, after=Moment(link="order -> payment", reply=True, number=999)),
        ),
    )
    assert told(made.recording, FaultHealed) == [(1.0, "crash payment")]
    assert [state for _, state in told(made.recording, NodeChanged)] == ["killed", "starting", "ready"]


def test_a_node_that_is_down_is_not_killed_again() -> None:
    made = run(CHARGE, plan(fault("crash", "payment", 0.2, 0.5), fault("pause", "payment", 0.4), fault("crash", "payment", 0.6)))
    assert told(made.recording, FaultInjected) == [(0.2, "crash payment")]


def test_a_fault_may_wait_for_a_message() -> None:
    moment = Moment(link="order -> payment", reply=False, number=3)
    made = run(CHARGE, plan(fault("crash", "payment", 0.005, after=moment)))
    # Five shoppers a second: the third comes at 0.4 s, and order asks payment 1 ms of way and 2 ms of work later.
    assert told(made.recording, FaultInjected) == [(0.408, "crash payment")]


def test_figures_that_are_left_out_are_the_usual_ones() -> None:
    made = run(CHARGE, plan(fault("clock", "order", 0.2), fault("clock", "order", 0.25, offset=3.0)))
    assert [text for _, text in told(made.recording, FaultInjected)] == ["clock order", "clock order (2)"]


def test_loads_stop_sooner_or_never_come() -> None:
    def requests(stops_s: float) -> int:
        return len(run(CHARGE, replace(plan(), stops_s={"clients": stops_s})).recording.of(RequestStarted))

    assert (requests(1.3), requests(0.5), requests(0.0)) == (7, 3, 0)


def test_the_guilty_moment_is_the_fact_that_broke_the_law() -> None:
    slow = fault("latency", "clients -> inventory", 0.0, 1.0, delay=0.5, jitter=0.0)
    made = run(OVERSELL, plan(slow, fault("pause", "inventory", 0.55, 0.4)))
    broken = made.broken("no oversell")
    assert broken is not None
    sold = [fact for fact in made.recording.of(Happened) if fact.what == "stock reserved"]
    assert broken.at_s == sold[3].at
    assert broken.guilty[0] == sold[3].request


class _Fading(Service):
    """Gives up after four seconds, whatever happens to it."""

    def __init__(self, node: Node, settings: Capacity) -> None:
        self._node = node

    async def handle(self, request: Request) -> Response:
        return reply(200 if self._node.now() < 4.0 else 503, {})


def test_faults_are_not_charged_with_what_fails_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "fading", ServiceKind(settings=Capacity, make=_Fading, doc="fails in the end"))
    topology = Topology(nodes=(node("one", "fading"), load("GET one /", 5.0)))
    fading = Subject(playbook="p", variant="v", topology=topology, invariants=("recovers",), heals_s=1.0, lasts_s=6.0)
    late = replace(plan(fault("lost reply", "clients -> one", 0.5, 0.001, what="reply", probability=1.0)), lasts_s=6.0)
    recording = run(fading, late).recording
    # By itself the recording has everything to be accused of, and only the same run without the fault tells better.
    assert INVARIANTS["recovers"].judge(recording).guilty
    assert run(fading, late).violations == ()


def test_other_dice_change_nothing_before_their_moment() -> None:
    lossy = plan(fault("lost reply", "order -> payment", 0.0, 1.0, what="reply", probability=0.5))
    usual = run(CHARGE, lossy).recording
    other = run(CHARGE, lossy, other_dice=(0.5, 99)).recording
    early = [event for event in usual.events if event.at < 0.5]
    assert other.events[: len(early)] == early
    assert [event for event in other.events if event.at >= 0.5] != [event for event in usual.events if event.at >= 0.5]


def test_a_service_that_dies_by_itself_breaks_a_promise_nobody_had_to_make(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in PLANTED_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    topology = replace(SHELF.topology, nodes=(node("one", "worker"), load("GET one /", 1.0)))  # joined to no lease
    subject = Subject(playbook="alone", variant="v", topology=topology, invariants=(), heals_s=1.0, lasts_s=1.3)
    (broken,) = run(subject, plan()).violations
    assert broken.invariant == "nobody dies"
    assert "'one' ended in mid-run: KeyError('lease')" in broken.shown


def test_two_runs_that_differ_are_shown_where_they_part() -> None:
    one = run(CHARGE, plan()).recording
    other = Recording(one.name, [*one.events[:10], *one.events[11:]])
    assert first_difference(one, other).startswith("event 11 was\n  {")
    assert first_difference(one, one) == "nothing"


def test_a_run_that_is_another_the_second_time_is_our_own_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = iter(range(100))
    monkeypatch.setattr("chaoscli.explore.trial.simulate", _with_other_seeds(seeds))
    with pytest.raises(NotTheSameError, match="seed 0: event"):
        try_seed(CHARGE, 0)


def _with_other_seeds(seeds: object) -> object:
    from chaoscli.worlds.clock import simulate

    def simulated(play: object, *, seed: int, starts_at: float) -> object:
        return simulate(play, seed=next(seeds), starts_at=starts_at)  # type: ignore[call-overload,arg-type]

    return simulated
