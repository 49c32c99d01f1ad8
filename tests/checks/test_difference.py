from __future__ import annotations

import math
from dataclasses import replace

from chaoscli.checks.difference import Difference, differences
from chaoscli.outcome import Check, Outcome, VariantOutcome
from chaoscli.views.differences import Differences
from tests.support.recordings import recording, run_of
from tests.views.golden import check, drawn

LINK = "order -> inventory"


def outcome(*variants: VariantOutcome, held: bool = True) -> Outcome:
    checks = (Check(text="success > 90%", variant="naive", held=held),)
    return Outcome(playbook="p", title="p", seed=1, world="simulated", variants=variants, checks=checks)


def variant(name: str = "naive", *, calls: float = 100.0, **measures: float | None) -> VariantOutcome:
    return VariantOutcome(name=name, measures=measures, links={LINK: {"calls": calls}})


def row(what: str, before: str, after: str, change: str = "", variant: str = "naive") -> Difference:
    return Difference(variant=variant, what=what, before=before, after=after, change=change)


def test_durations_and_counts_change_by_a_share_and_shares_by_points() -> None:
    before = outcome(variant(success=0.9, p99=0.2, calls=100.0))
    after = outcome(variant(success=0.85, p99=0.3, calls=150.0))
    assert differences(before, after) == (
        row("success", "90%", "85%", "-5.0 points"),
        row("p99", "200ms", "300ms", "+50.0%"),
        row(f"{LINK}: calls", "100", "150", "+50.0%"),
        row("success > 90%", "held", "held"),
    )


def test_what_came_never_or_had_no_data_has_no_share() -> None:
    before = outcome(variant(recovery=math.inf, p99=None, timeouts=0.0))
    after = outcome(variant(recovery=0.5, p99=0.3, timeouts=4.0))
    told = {one.what: (one.before, one.after, one.change) for one in differences(before, after)}
    assert told["recovery"] == ("never", "500ms", "")
    assert told["p99"] == ("no data", "300ms", "")
    assert told["timeouts"] == ("0", "4", "")
    assert "p50" not in told


def test_an_expectation_with_another_verdict_differs() -> None:
    told = differences(outcome(variant()), outcome(variant(), held=False))
    assert [one for one in told if not one.same] == [row("success > 90%", "held", "did not hold")]


def test_variants_belong_together_by_name_or_by_being_alone() -> None:
    both = outcome(variant("naive", requests=1.0), variant("jitter", requests=2.0))
    turned = outcome(variant("jitter", requests=2.0), variant("budget", requests=3.0))
    assert {one.variant for one in differences(both, turned)} == {"jitter", "naive"}  # of naive only its expectation
    alone = differences(outcome(variant("naive", requests=1.0)), replace(outcome(variant("jitter", requests=2.0)), checks=()))
    assert {one.variant for one in alone} == {"naive / jitter"}


def test_two_recordings_are_drawn_side_by_side() -> None:
    headers = (
        run_of(recording("naive"), seed=7).header,
        replace(run_of(recording("naive"), seed=8).header, world="simulated"),
    )
    before = outcome(variant(success=0.9, p99=0.2, requests=10.0), variant("jitter", p50=0.01, calls=1.0))
    after = outcome(variant(success=0.85, p99=math.inf, requests=10.0), variant("jitter", p50=0.02, calls=1.0), held=False)
    told = differences(before, after)
    text = drawn(Differences(told, headers), 80)
    assert len(drawn(Differences(told, headers, all_rows=True), 80).splitlines()) > len(text.splitlines())
    check("differences-80", text)
    assert drawn(Differences((), headers), 80) == "nothing to compare: no variant is in both\n"
    assert drawn(Differences(told[:1], headers, same_events=True, all_rows=False), 80).endswith("the same to the last event\n")
