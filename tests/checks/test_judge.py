"""From a recording to an outcome: everything in it, and nothing that depends on when it is judged."""

from __future__ import annotations

import pytest

from chaoscli.checks.expectation import Names, parse_expectation
from chaoscli.checks.judge import judge
from chaoscli.errors import ExitCode
from chaoscli.measures.catalogue import STANDARD, STANDARD_OF_LINKS
from chaoscli.outcome import Outcome, RunProblem
from chaoscli.recording import read_recording, write_recording
from tests.support.recordings import Play, recording, run_of

NAMES = Names(variants=("naive", "cached"))


def shop(name: str = "naive") -> Play:
    return recording(name).curtain(4).requests(since=0, until=4, rate=10, took=0.05)


def outcome(*plays: Play, expect: str = "success >= 99%") -> Outcome:
    return judge(run_of(*plays), [parse_expectation(expect, NAMES)])


def test_an_outcome_has_the_header_the_measures_of_every_variant_and_link_the_checks_and_the_faults() -> None:
    slow = shop("cached").fault("slow", at=1, until=2).fell(5)
    found = judge(run_of(shop().fell(5), slow, playbook="p", seed=9, title="T"), [parse_expectation("success >= 99%", NAMES)])
    assert (found.playbook, found.title, found.seed, found.world, found.version) == ("p", "T", 9, "real", "0.0.0")
    assert [variant.name for variant in found.variants] == ["naive", "cached"]
    for variant in found.variants:
        assert tuple(variant.measures) == STANDARD
        assert (variant.measures["requests"], variant.measures["p50"]) == (40, 0.05)
        assert list(variant.links) == ["shoppers -> order", "order -> inventory"]
        assert {tuple(of) for of in variant.links.values()} == {STANDARD_OF_LINKS}
    assert [(check.variant, check.held) for check in found.checks] == [("naive", True), ("cached", True)]
    assert [(report.variant, report.fault) for report in found.faults] == [("cached", "slow")]
    assert (found.problems, found.exit_code, found.ok) == ((), ExitCode.HELD, True)


def test_judging_what_was_written_says_the_same() -> None:
    run = run_of(shop().fault("slow", at=1, until=2, settings={"by": 4.0}).request(at=3.9).fell(5))
    expectations = [parse_expectation("success >= 99%", NAMES)]
    assert judge(read_recording(write_recording(run)), expectations) == judge(run, expectations)


def test_a_broken_expectation_is_exit_one() -> None:
    found = outcome(shop().request(at=1, took=1.0, result="failed").fell(5))
    assert (found.exit_code, found.ok) == (ExitCode.VIOLATED, False)
    assert [check.shown for check in found.broken] == ["97.6% < 99%"]


def test_an_interrupted_run_has_no_verdict_though_it_is_measured() -> None:
    for play in (shop(), shop().fell(3, complete=False)):
        found = outcome(play, expect="success < 1%")
        assert (found.complete, found.exit_code, len(found.broken)) == (False, ExitCode.INTERRUPTED, 1)


def test_a_run_is_complete_when_all_its_variants_are() -> None:
    assert outcome(shop().fell(5), shop("cached")).complete is False
    assert judge(run_of(), []).complete is False


@pytest.mark.parametrize(
    ("play", "problem"),
    [
        (
            shop().node("inventory", "died", at=2.5, detail="signal 9"),
            RunProblem(variant="naive", text="inventory died by itself: signal 9", at=2.5),
        ),
        (
            shop().lost("order", 30, at=2).lost("order", 12, at=3),
            RunProblem(variant="naive", text="42 events of order were lost, so what is measured is too little"),
        ),
        (
            recording("naive").curtain(4).request(at=1, late=0.03, took=0.1).request(at=2, late=0.5, took=0.6),
            RunProblem(variant="naive", text="the load could not keep up: 30ms late in the median, 500ms at worst"),
        ),
        (
            shop().fault("cut", at=1, late=0.75),
            RunProblem(variant="naive", text="fault 'cut' came 750ms late: something stood still", at=1.75),
        ),
    ],
)
def test_what_makes_the_run_doubtful_comes_before_its_verdict(play: Play, problem: RunProblem) -> None:
    found = outcome(play.fell(5), expect="success < 1%")
    assert (found.problems, found.exit_code) == ((problem,), ExitCode.NOT_MADE)


def test_a_cue_that_is_a_little_late_is_only_reported() -> None:
    assert outcome(shop().fault("cut", at=1, until=2, late=0.4).fell(5)).problems == ()


def test_a_node_that_a_cue_killed_is_no_problem_and_neither_is_one_late_request() -> None:
    play = shop().node("inventory", "killed", at=2).node("inventory", "ready", at=3).request(at=3.5, late=0.4, took=0.5)
    assert outcome(play.fell(5)).problems == ()
