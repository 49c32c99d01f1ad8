"""The page of an exploration, whole, at a terminal's width."""

from __future__ import annotations

from dataclasses import replace

from chaoscli.exploration import Chance, Failure, Findings, Moment, Plan, PlannedFault, Violation
from chaoscli.recording import RunRecording
from chaoscli.views.exploration import ExplorationPage, FailurePage, Kept
from tests.explore.subjects import CHARGE
from tests.support.recordings import recording, run_of
from tests.views.golden import check, drawn

VIOLATION = Violation(invariant="no double charge", at_s=1.44, shown="3 charges for 2 requests", guilty=("s-2",))
STORY = (
    (1.0, "order -> payment: lost reply (drop reply)"),
    (1.01, "payment: charged for s-2"),
    (1.44, "payment: charged for s-2"),
    (1.44, "HERE 'no double charge' is broken: 3 charges for 2 requests"),
)
PLAN = Plan(
    seed=10, heals_s=1.5, lasts_s=2.0,
    faults=(
        PlannedFault(
            kind="lost reply", target="order -> payment", at_s=1.0, for_s=0.01, settings={"what": "reply", "probability": 1.0}
        ),
        PlannedFault(
            kind="crash", target="payment", at_s=0.005, for_s=0.1,
            after=Moment(link="order -> payment", reply=True, number=3),
        ),
    ),
)  # fmt: skip
FAILURE = Failure(
    subject=CHARGE, violation=VIOLATION, plan=PLAN, digest="d1", seeds=(10, 12), planned_faults=5, runs=23, again=20, tried=20,
    story=STORY, chances=tuple(Chance(at_s=at, failed=failed, tried=10) for at, failed in
                               ((0.0, 10), (0.5, 10), (0.9, 10), (1.0, 3), (1.44, 10), (1.5, 10))),
)  # fmt: skip


def findings(*failures: Failure, **other: object) -> Findings:
    made = {
        "playbook": "charge", "variants": ("broken",), "invariants": {"broken": ("no double charge",)}, "seeds": 40,
        "trials": 40, "failing": 2 * len(failures), "failures": failures, "reached": {"'charged'": 90, "a call timed out": 12},
        "never": ("a request came twice",), "seconds": 12.5, "searching_s": 8.0, "messages": 5400, **other,
    }  # fmt: skip
    return Findings(**made)  # type: ignore[arg-type]


def run() -> RunRecording:
    play = recording("broken").curtain(2.0).request(at=0.2, took=0.05).request(at=1.0, took=0.5)
    play.fault("lost reply order -> payment", at=1.0, until=1.01).fell(2.5)
    return run_of(play, playbook="charge")


def test_a_failure_with_its_picture_its_story_and_its_odds() -> None:
    kept = [Kept(file="repro/charge-broken-no-double-charge-10.json", run=run())]
    page = ExplorationPage(findings(FAILURE, unexplained=(("broken: no double charge", 31),)), kept)
    check("exploration-80", drawn(page, 80))
    check("exploration-120", drawn(page, 120))


def test_a_failure_that_was_certain_all_along_has_no_curve() -> None:
    certain = replace(FAILURE, chances=tuple(Chance(at_s=at, failed=10, tried=10) for at in (0.0, 0.5, 1.44)))
    text = drawn(ExplorationPage(findings(certain), [Kept(file="one.json", run=run())]), 80)
    assert "under other dice\n  certain from the start\n" in text
    assert "100%\n" not in text.partition("under other dice")[2]


def test_one_seed_is_no_seeds() -> None:
    one = findings(seeds=1, trials=1, messages=1)
    assert "no promise was broken in 1 seed in 12.5s (0.1 a second, 1 message)" in drawn(ExplorationPage(one, []), 120)


def test_nothing_found_says_what_was_reached_and_what_never_was() -> None:
    text = drawn(ExplorationPage(findings(), []), 80)
    assert text.splitlines() == [
        "looked for",
        "  no double charge, never stuck, nobody dies",
        "",
        "reached",
        "  a call timed out 12x, 'charged' 90x",
        "",
        "never reached",
        "  a request came twice",
        "",
        "✓ charge: no promise was broken in 40 seeds in 12.5s (5.0 a second, 5400",
        "messages)",
    ]


def test_what_was_looked_for_is_said_of_each_variant_where_they_differ_and_so_is_what_was_not() -> None:
    looked_for = {"keyed": ("sagas atomic", "recovers"), "hasty": ("recovers",), "late": ("recovers",)}
    page = findings(invariants=looked_for, left_aside={"keyed": (), "hasty": ("sagas atomic",), "late": ("sagas atomic",)})
    assert drawn(ExplorationPage(page, []), 80).splitlines()[:7] == [
        "looked for",
        "  keyed: sagas atomic, recovers, never stuck, nobody dies",
        "  hasty, late: recovers, never stuck, nobody dies",
        "",
        "already broken without any fault, and left aside",
        "  hasty, late: sagas atomic",
        "",
    ]


def test_what_one_variant_alone_leaves_aside_is_said_of_it_alone() -> None:
    alone = findings(left_aside={"broken": ("recovers", "one owner")})
    assert "and left aside\n  recovers, one owner\n" in drawn(ExplorationPage(alone, []), 80)


def test_an_interrupted_search_says_so() -> None:
    text = drawn(ExplorationPage(findings(complete=False), []), 120)
    assert "interrupted after 40 seeds" in text


def test_the_guilty_moment_is_marked_where_there_is_room_for_its_words() -> None:
    for at_s, expected in (
        (0.1, "▲ 'no double charge' is broken, at 0.100s"),
        (1.9, "'no double charge' is broken, at 1.900s ▲"),
    ):
        violation = Violation(invariant="no double charge", at_s=at_s, shown="")
        assert expected in drawn(FailurePage(run(), violation, ()), 80)
