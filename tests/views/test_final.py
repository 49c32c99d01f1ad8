from __future__ import annotations

import pytest

from chaoscli.errors import ExitCode
from chaoscli.outcome import Check, FaultReport, Figure, Outcome, RunProblem, VariantOutcome
from chaoscli.views.final import (
    Ending,
    Final,
    checks_table,
    faults_table,
    measure_rows,
    measures_table,
    problem_lines,
    unwrapped,
    verdict,
)
from chaoscli.views.glyphs import UNICODE
from tests.support.recordings import recording, run_of
from tests.views import outcomes, plays
from tests.views.golden import check, drawn


@pytest.mark.parametrize("width", [80, 120])
def test_the_end_of_a_run_that_held(width: int) -> None:
    run = plays.partition()

    check(f"final-partition-{width}", drawn(Final(run, outcomes.partition_outcome(run), outcomes.ENDING), width))


def test_the_end_of_a_run_that_did_not_hold() -> None:
    run = plays.partition()

    check("final-partition-broken-80", drawn(Final(run, outcomes.partition_outcome(run, broken=True), outcomes.ENDING), 80))


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_the_end_fits_any_width(width: int) -> None:
    run = plays.retries()
    text = drawn(Final(run, outcomes.partition_outcome(run, broken=True), outcomes.ENDING), width)

    assert max(len(line) for line in text.splitlines()) <= width


def test_a_run_that_never_began_shows_why_and_no_picture() -> None:
    run = run_of(recording("one"))
    outcome = Outcome(playbook="play", title="", seed=7, world="real", complete=False)
    ending = Ending(error="port 8080 is taken", exit_code=ExitCode.NOT_MADE, repeat="chaos run play")

    assert drawn(Final(run, outcome, ending), 80).splitlines() == [
        "",
        "next",
        "  chaos run play   # this run again",
        "",
        "✗ port 8080 is taken  (exit 3)",
    ]


def test_of_hundreds_of_links_those_in_trouble_have_rows() -> None:
    links = {f"hub -> leaf-{number}": {"timeouts": float(number), "p50": 0.01} for number in range(300)}
    links |= {"shoppers -> hub": {"timeouts": 0.0}}
    outcome = Outcome(
        playbook="play", title="", seed=7, world="real", variants=(VariantOutcome(name="one", measures={}, links=links),)
    )

    rows = [label for label, _ in measure_rows(outcome) if "leaf" in label]

    assert rows == [f"hub -> leaf-{number}: timeouts" for number in range(284, 300)]


def test_what_a_load_sends_has_rows_where_it_tries_again() -> None:
    def outcome(amplification: float) -> Outcome:
        links = {"shoppers -> order": {"peak": 40.0, "amplification": amplification, "timeouts": 3.0}}
        variants = (VariantOutcome(name="one", measures={}, links=links),)
        return Outcome(playbook="play", title="", seed=7, world="real", variants=variants)

    def rows_of_links(amplification: float) -> list[tuple[str, list[str]]]:
        return [row for row in measure_rows(outcome(amplification)) if "->" in row[0]]

    assert rows_of_links(1.0) == []
    assert rows_of_links(1.5) == [
        ("shoppers -> order: peak", ["40/s"]),
        ("shoppers -> order: amplification", ["1.5x"]),
    ]


def test_an_expectation_is_shown_with_its_values_and_what_broke_it() -> None:
    checks = (
        Check(text="success(budget) > success(naive)", variant="", held=True, shown="97.2% > 61.4%"),
        Check(text="no oversell", variant="naive", held=False, guilty=("a-1", "a-2", "a-3", "a-4", "a-5"), kind="invariant"),
        Check(text="recovery < 2s", variant="naive", held=False, shown="no data < 2s", reason="no fault was healed"),
        Check(text="breaks no oversell", variant="naive", held=True, shown="9 of 8 PEN", guilty=("a-1",), kind="invariant"),
    )

    assert [line.rstrip() for line in drawn(checks_table(checks, UNICODE), 80).splitlines()] == [
        "✓  success(budget) > success(naive)  97.2% > 61.4%",
        "✗  naive: no oversell",
        "   by a-1, a-2, a-3 and 2 more",
        "✗  naive: recovery < 2s              no data < 2s",
        "   no fault was healed",
        "✓  naive: breaks no oversell         9 of 8 PEN",
        "   by a-1",
    ]


def test_what_faults_did_is_shown_from_the_least_to_the_most_of_all_variants() -> None:
    def report(variant: str, achieved: float, shown: str, note: str) -> FaultReport:
        figures = (
            Figure(what="begins", unit="s", asked=2.0, achieved=2.004, asked_shown="2s", achieved_shown="2s"),
            Figure(what="ends", unit="s", asked=6.0, achieved=achieved + 5.9246, asked_shown="6s", achieved_shown="6.02s"),
            Figure(what="delay", unit="s", asked=0.1, achieved=achieved, asked_shown="100ms", achieved_shown=shown, note=note),
            Figure(what="held", unit="B", asked=None, achieved=15000.0, asked_shown="", achieved_shown="15KB"),
        )
        return FaultReport(variant=variant, fault="slow link", kind="latency", text="", targets=(), figures=figures)

    reports = (report("one", 0.1004, "100ms", ""), report("two", 0.102, "102ms", "off by 2ms at p99"))

    assert [line.rstrip() for line in drawn(faults_table(reports, UNICODE), 80).splitlines()] == [
        "slow link  when   asked 2s to 6s                   off by 26.6ms at most",
        "           delay  asked 100ms, got 100ms to 102ms  off by 2ms at p99",
        "           held   15KB",
    ]


def test_the_table_leaves_out_what_nobody_has() -> None:
    run = plays.sync_chain()
    lines = drawn(measures_table(outcomes.outcome_of(run)), 80).splitlines()

    labels = [line[: line.index("  ")].strip() for line in lines if line.strip()]
    assert labels[:6] == ["", "requests", "success", "p50", "p99", "slowest"]
    assert "fallbacks" not in labels
    assert "shoppers -> a: p50" not in labels
    assert "a -> b: p50" in labels


def test_the_table_counts_the_facts_that_were_spoken_of_in_every_variant() -> None:
    variants = tuple(
        VariantOutcome(name=name, measures={"requests": 9.0}, facts={"shipped": shipped, "dead letter": 0})
        for name, shipped in (("naive", 9), ("cured", 4))
    )
    table = measures_table(Outcome(playbook="p", title="", seed=1, world="real", variants=variants))
    assert drawn(table, 80).splitlines()[-2:] == ["shipped            9        4", "dead letter        0        0"]


@pytest.mark.parametrize(
    ("outcome", "ending", "expected"),
    [
        (
            Outcome(playbook="p", title="", seed=1, world="real"),
            Ending(),
            "✓ the run is over; nothing was expected of it  (exit 0)",
        ),
        (
            Outcome(playbook="p", title="", seed=1, world="real", checks=(Check(text="a", variant="", held=True),)),
            Ending(),
            "✓ every expectation held (1)  (exit 0)",
        ),
        (
            Outcome(playbook="p", title="", seed=1, world="real", checks=(Check(text="a", variant="", held=False),)),
            Ending(),
            "✗ 1 of 1 expectations did not hold  (exit 1)",
        ),
        (
            Outcome(playbook="p", title="", seed=1, world="real", complete=False),
            Ending(),
            "✗ interrupted; everything was undone  (exit 130)",
        ),
        (
            Outcome(playbook="p", title="", seed=1, world="real", problems=(RunProblem(variant="one", text="order died"),)),
            Ending(),
            "✗ the run could not be made as asked  (exit 3)",
        ),
    ],
)
def test_the_last_line_says_how_it_went(outcome: Outcome, ending: Ending, expected: str) -> None:
    assert verdict(outcome, ending, UNICODE).plain == expected


def test_problems_say_when_and_where() -> None:
    problems = (RunProblem(variant="one", text="order died", at=3.25), RunProblem(variant="", text="the load was late"))

    assert problem_lines(problems, UNICODE).plain == "✗ 3.25s one: order died\n✗ the load was late"


def test_prose_is_joined_and_paragraphs_stay() -> None:
    assert unwrapped("  one\n  two\n\n  three\n") == "one two\n\nthree"
