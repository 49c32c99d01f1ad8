"""Making failing plans small: by predicates of a line, so that what is left can be said beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from chaoscli.exploration import Moment, Plan, PlannedFault
from chaoscli.explore import shrink as shrink_module
from chaoscli.explore.shrink import Shrunk, shrink

STARTS = {"shoppers": [n / 10 for n in range(50)], "readers": [n / 5 for n in range(25)]}


def fault(kind: str, target: str = "order", at_s: float = 1.234, for_s: float = 0.8, **settings: object) -> PlannedFault:
    return PlannedFault(kind=kind, target=target, at_s=at_s, for_s=for_s, settings=settings)


def plan(*faults: PlannedFault) -> Plan:
    return Plan(seed=3, heals_s=5.0, lasts_s=6.0, faults=faults)


def shrunk(start: Plan, fails: Callable[[Plan], bool]) -> Shrunk:
    assert fails(start)
    return shrink(start, fails, arrivals=STARTS)


def kinds(made: Plan) -> list[str]:
    return [one.kind for one in made.faults]


def many(*needed: str) -> Plan:
    """Twelve faults in any order, these among them."""
    names = [*needed, *(f"other {n}" for n in range(12 - len(needed)))]
    Random("order").shuffle(names)
    return plan(*(fault(name) for name in names))


@pytest.mark.parametrize("needed", [("a",), ("a", "b"), ("a", "b", "c")])
def test_of_twelve_faults_those_remain_that_are_needed(needed: tuple[str, ...]) -> None:
    made = shrunk(many(*needed), lambda one: set(needed) <= set(kinds(one)))
    assert sorted(kinds(made.plan)) == list(needed)


def test_a_failure_that_needs_no_fault_has_none() -> None:
    assert shrunk(many("a"), lambda _: True).plan.faults == ()


def test_a_load_that_is_not_needed_goes_and_requests_are_cut_behind_the_last_that_is() -> None:
    # The failure needs the 13th of the shoppers, who comes at 1.2 s, and no reader.
    made = shrunk(plan(fault("a")), lambda one: one.stops_s.get("shoppers", 6.0) > 1.2)
    assert made.plan.stops_s["readers"] == 0.0
    assert 1.2 < made.plan.stops_s["shoppers"] < 1.3


def test_what_harms_the_links_of_a_load_goes_with_it() -> None:
    made = shrunk(plan(fault("drop", "readers -> shop"), fault("a")), lambda one: {"a"} <= set(kinds(one)))
    assert kinds(made.plan) == ["a"]
    gone = shrink_module._without_load(plan(fault("drop", "readers -> shop"), fault("a")), "readers")
    assert (gone.stops_s, kinds(gone)) == ({"readers": 0.0}, ["a"])
    # Where the harm is what breaks it, its load has to stay.
    made = shrunk(plan(fault("drop", "readers -> shop")), lambda one: "drop" in kinds(one))
    assert "readers" not in made.plan.stops_s or made.plan.stops_s["readers"] > 0.0


def test_a_closed_load_has_fewer_people() -> None:
    made = shrink(plan(), lambda one: one.users.get("crowd", 40) >= 5, arrivals={}, users={"crowd": 40})
    assert made.plan.users == {"crowd": 5}


def test_one_load_stays() -> None:
    made = shrunk(plan(), lambda _: True)
    assert sorted(made.plan.stops_s.values())[-1] > 0.0


def test_a_fault_is_halved_while_it_fails() -> None:
    made = shrunk(plan(fault("a", for_s=0.8)), lambda one: bool(one.faults) and one.faults[0].for_s >= 0.1)
    assert made.plan.faults[0].for_s == 0.1


def test_figures_are_halved_and_shares_made_whole() -> None:
    start = plan(fault("a", delay=0.8, probability=0.3, status=503))
    made = shrunk(start, lambda one: bool(one.faults) and float(one.faults[0].settings["delay"]) >= 0.1)
    assert made.plan.faults[0].settings == {"delay": 0.1, "probability": 1.0, "status": 503}


def test_times_become_round_where_that_does_not_matter() -> None:
    def near(one: Plan) -> bool:
        return bool(one.faults) and 1.0 <= one.faults[0].at_s <= 1.3

    assert shrunk(plan(fault("a", at_s=1.234)), near).plan.faults[0].at_s == 1.0


def test_nothing_is_watched_longer_than_until_the_last_fault_is_over() -> None:
    made = shrunk(plan(fault("a", at_s=1.0, for_s=0.5)), lambda one: bool(one.faults) and one.faults[0].for_s >= 0.5)
    assert made.plan.heals_s == 1.501
    assert made.plan.lasts_s == pytest.approx(2.501)


def test_a_fault_that_waits_for_a_message_keeps_its_time() -> None:
    waiting = replace(fault("a", at_s=0.0), after=Moment(link="shoppers -> order", reply=True, number=4))
    made = shrunk(plan(waiting), lambda one: bool(one.faults))
    assert made.plan.heals_s == 5.0


def test_a_fault_that_only_shifts_the_dice_goes_under_other_dice() -> None:
    # Under its own dice the failure needs "luck" as well; under others it does not.
    made = shrunk(plan(fault("a"), fault("luck")), lambda one: "a" in kinds(one) and (one.seed != 3 or "luck" in kinds(one)))
    assert kinds(made.plan) == ["a"]
    assert made.plan.seed != 3


def test_no_more_runs_are_made_than_were_allowed_and_what_was_found_by_then_counts() -> None:
    tried: list[Plan] = []

    def fails(one: Plan) -> bool:
        tried.append(one)
        return "a" in kinds(one)

    made = shrink(many("a"), fails, arrivals=STARTS, most_runs=4)
    assert (made.runs, len(tried)) == (4, 4)
    assert "a" in kinds(made.plan)
    assert len(made.plan.faults) < 12


def test_no_plan_is_tried_twice() -> None:
    tried: list[str] = []

    def fails(one: Plan) -> bool:
        tried.append(repr(one))
        return "a" in kinds(one)

    shrink(many("a"), fails, arrivals=STARTS)
    assert len(tried) == len(set(tried))
