"""Cues come in order of time, and what ends makes room before what begins."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.slow import Slow
from chaoscli.playbook.meaning import CuePlan, FaultPlan, Variant
from chaoscli.playbook.schedule import Heal, Inject, schedule
from chaoscli.topology import Topology


def plan(name: str, at_s: float, until_s: float | None = None) -> FaultPlan:
    return FaultPlan(
        name=name, kind="slow", at_s=at_s, until_s=until_s, text="slow 2x", targets=("order",),
        fault=Slow(by=2.0), nodes=("order",),
    )  # fmt: skip


def cues(*plans: FaultPlan) -> list[tuple[str, float, str]]:
    variant = Variant(name="default", topology=Topology(nodes=()), faults=plans)
    return [(type(cue).__name__, cue.at_s, cue.plan.name) for cue in schedule(variant)]


def test_a_fault_is_injected_and_healed() -> None:
    assert cues(plan("one", 2.0, 5.0)) == [("Inject", 2.0, "one"), ("Heal", 5.0, "one")]


def test_a_fault_without_an_end_is_not_healed_by_the_script() -> None:
    assert cues(plan("one", 2.0)) == [("Inject", 2.0, "one")]


def test_at_one_instant_what_ends_goes_before_what_begins() -> None:
    assert cues(plan("second", 5.0), plan("first", 2.0, 5.0)) == [
        ("Inject", 2.0, "first"),
        ("Heal", 5.0, "first"),
        ("Inject", 5.0, "second"),
    ]


def test_faults_of_one_instant_keep_the_order_they_were_written_in() -> None:
    assert cues(plan("b", 1.0), plan("a", 1.0), plan("c", 1.0)) == [
        ("Inject", 1.0, "b"),
        ("Inject", 1.0, "a"),
        ("Inject", 1.0, "c"),
    ]


def test_a_fault_that_comes_again_lasts_as_long_each_time() -> None:
    again = replace(plan("one", 1.0, 1.5), again=(3.0, 5.0))
    assert cues(again) == [
        ("Inject", 1.0, "one"), ("Heal", 1.5, "one"),
        ("Inject", 3.0, "one"), ("Heal", 3.5, "one"),
        ("Inject", 5.0, "one"), ("Heal", 5.5, "one"),
    ]  # fmt: skip


def test_cues_and_faults_are_one_schedule() -> None:
    kill = CuePlan(name="crash", kind="kill", at_s=1.0, until_s=2.0, text="kill order", targets=("order",), undone=True)
    variant = Variant(name="default", topology=Topology(nodes=()), faults=(plan("one", 2.0, 3.0),), cues=(kill,))
    assert [(type(cue).__name__, cue.at_s, cue.plan.name) for cue in schedule(variant)] == [
        ("Act", 1.0, "crash"), ("Undo", 2.0, "crash"), ("Inject", 2.0, "one"), ("Heal", 3.0, "one"),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 10), st.none() | st.floats(0.001, 10))))
def test_every_fault_is_injected_once_and_never_healed_before(times: list[tuple[float, float | None]]) -> None:
    plans = [plan(str(n), at, None if lasts is None else at + lasts) for n, (at, lasts) in enumerate(times)]
    found = schedule(Variant(name="default", topology=Topology(nodes=()), faults=tuple(plans)))
    assert [cue.at_s for cue in found] == sorted(cue.at_s for cue in found)
    assert sorted(cue.plan.name for cue in found if isinstance(cue, Inject)) == sorted(one.name for one in plans)
    for place, cue in enumerate(found):
        if isinstance(cue, Heal):
            assert Inject(cue.plan.at_s, cue.plan, cue.plan.until_s) in found[:place]
