"""The document of an outcome: whole, in order, and nothing in it that is not JSON."""

from __future__ import annotations

import json
import math

import pytest

from chaoscli.checks.expectation import Names, parse_expectation
from chaoscli.checks.judge import judge
from chaoscli.measures.catalogue import STANDARD
from chaoscli.outcome import Check, FaultReport, Figure, Outcome, Reading, RunProblem, TraceReport, VariantOutcome
from chaoscli.reports.json import document, rounded
from tests.support.recordings import recording, run_of


def outcome() -> Outcome:
    return Outcome(
        playbook="retries",
        title="Naive retries",
        seed=7,
        world="real",
        version="0.1.0",
        variants=(
            VariantOutcome(
                name="naive",
                measures={"requests": 1200.0, "success": 0.61399999, "p99": 0.1482103219, "recovery": math.inf, "p50": None},
                links={"order -> inventory": {"peak": 131.0, "amplification": 2.4}},
                facts={"shipped": 19},
            ),
        ),
        checks=(
            Check(
                text="recovery <= 2s",
                written="naive: recovery <= 2s",
                variant="naive",
                held=False,
                shown="never <= 2s",
                readings=(Reading(text="recovery", variant="naive", value=math.inf, shown="never"),),
            ),
            Check(
                text="no oversell",
                written="no oversell",
                variant="naive",
                held=False,
                shown="reserved 2 of 1 BOOK",
                kind="invariant",
                guilty=("s-2",),
            ),
        ),
        faults=(
            FaultReport(
                variant="naive",
                fault="lag",
                kind="latency",
                text="latency 100ms",
                targets=("order -> inventory",),
                met=40,
                touched=30,
                counted="chunks",
                figures=(
                    Figure(
                        what="delay", unit="duration", asked=0.1, achieved=0.1002, asked_shown="100ms", achieved_shown="100ms"
                    ),
                ),
            ),
        ),
        traces=(TraceReport(variant="naive", path=("web", "tax"), how="500", found=True, count=3, of=4),),
        problems=(RunProblem(variant="naive", text="inventory died by itself", at=2.5),),
    )


def test_the_document_says_all_of_it_in_a_stated_order() -> None:
    assert json.dumps(document(outcome()), indent=1, allow_nan=False) == json.dumps(
        {
            "playbook": "retries",
            "title": "Naive retries",
            "seed": 7,
            "world": "real",
            "version": "0.1.0",
            "ok": False,
            "exit_code": 3,
            "complete": True,
            "variants": {
                "naive": {
                    "measures": {"requests": 1200, "success": 0.614, "p99": 0.14821, "recovery": None, "p50": None},
                    "never": ["recovery"],
                    "facts": {"shipped": 19},
                    "links": {"order -> inventory": {"peak": 131, "amplification": 2.4}},
                }
            },
            "expectations": [
                {
                    "text": "naive: recovery <= 2s",
                    "claim": "recovery <= 2s",
                    "kind": "expectation",
                    "variant": "naive",
                    "held": False,
                    "shown": "never <= 2s",
                    "reason": None,
                    "measured": [{"measure": "recovery", "variant": "naive", "value": None, "shown": "never"}],
                    "guilty": [],
                },
                {
                    "text": "no oversell",
                    "claim": "no oversell",
                    "kind": "invariant",
                    "variant": "naive",
                    "held": False,
                    "shown": "reserved 2 of 1 BOOK",
                    "reason": None,
                    "measured": [],
                    "guilty": ["s-2"],
                },
            ],
            "faults": [
                {
                    "variant": "naive",
                    "fault": "lag",
                    "kind": "latency",
                    "text": "latency 100ms",
                    "targets": ["order -> inventory"],
                    "met": 40,
                    "touched": 30,
                    "counted": "chunks",
                    "figures": [{"what": "delay", "unit": "duration", "asked": 0.1, "achieved": 0.1002, "note": None}],
                }
            ],
            "traces": [
                {"variant": "naive", "path": ["web", "tax"], "how": "500", "found": True, "count": 3, "of": 4},
            ],
            "problems": [{"variant": "naive", "text": "inventory died by itself", "at": 2.5}],
            "units": {"success": "share", "p99": "s", "recovery": "s", "p50": "s", "peak": "per second"},
        },
        indent=1,
    )


def test_a_judged_run_is_a_document_too() -> None:
    names = Names(variants=("a", "b"))
    play = recording("a").curtain(3).requests(since=0, until=3, rate=10, took=0.05).fault("slow", at=1, until=2).fell(4)
    run = run_of(play, recording("b").curtain(3).fell(4))
    made = document(judge(run, [parse_expectation("success(a) > success(b)", names)]))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert list(made["variants"]["b"]["measures"]) == list(STANDARD)
    assert made["expectations"][0]["variant"] is None
    assert made["expectations"][0]["reason"] == "success(b) has no data: no request ended"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.1234567, 0.123457), (3.0, 3), (2.9999999, 3), (-0.15, -0.15), (math.inf, None), (math.nan, None), (None, None), (0.0, 0)],
)
def test_numbers_are_rounded_to_what_they_are_worth(value: float | None, expected: float | None) -> None:
    assert rounded(value) == expected
