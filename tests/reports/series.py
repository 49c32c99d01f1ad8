"""A series with everything in it that a report has to tell, from what held to what was never played."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

from chaoscli.checks.baseline import Compared, Worse
from chaoscli.errors import NotMadeError, Place, PlaybookError, Problem, UsageError
from chaoscli.outcome import Check, Outcome, Reading, RunProblem, VariantOutcome
from chaoscli.reports.series import Attempt, Entry, Series, Take

GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """The text is what the file of that name holds; CHAOS_WRITE_GOLDEN=1 writes it anew."""
    path = GOLDEN / name
    if os.environ.get("CHAOS_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


HELD = Check(
    text="success > 90%", written="all: success > 90%", variant="naive", held=True, shown="97.2% > 90%",
    readings=(Reading(text="success", variant="naive", value=0.972, shown="97.2%"),),
)  # fmt: skip
BROKEN = Check(
    text="recovery <= 2s after slow", written="jitter: recovery <= 2s after slow", variant="jitter", held=False,
    shown="never <= 2s",
)  # fmt: skip
LAW = Check(
    text="no oversell", written="all: no oversell", variant="naive", held=False, shown="reserved 2 of 1 BOOK|1", kind="invariant",
    guilty=("s-1", "s-2", "s-3", "s-4"),
)  # fmt: skip
BOTH = Check(
    text="success(jitter) > success(naive)", written="success(jitter) > success(naive)", variant="", held=False,
    shown="no data > 97.2%", reason="success(jitter) has no data: no request ended",
)  # fmt: skip


def outcome(*checks: Check, seed: int = 7, p99: float | None = 0.148, playbook: str = "retries") -> Outcome:
    measures = {"requests": 1200.0, "success": 0.972, "p50": 0.02, "p99": p99, "recovery": math.inf}
    return Outcome(
        playbook=playbook,
        title="What <retries> & *pauses* do",
        seed=seed,
        world="simulated",
        version="0.1.0",
        variants=tuple(
            VariantOutcome(name=name, measures=measures, links={"order -> inventory": {"amplification": 2.4, "timeouts": 12.0}})
            for name in ("naive", "jitter")
        ),
        checks=checks,
    )


def attempt(*checks: Check, seed: int = 7, took_s: float = 1.25, p99: float | None = 0.148) -> Attempt:
    return Attempt(outcome=outcome(*checks, seed=seed, p99=p99), repeat=f"chaos run retries.yaml --seed {seed}", took_s=took_s)


def entry(*takes: Take, name: str = "retries") -> Entry:
    lines = {"all: success > 90%": 30, "jitter: recovery <= 2s after slow": 31, "all: no oversell": 32}
    return Entry(name=name, title="What <retries> & *pauses* do", file=f"chaos/{name}.yaml", lines=lines, takes=takes)


def held() -> Entry:
    return entry(Take((attempt(HELD),)), name="held")


def violated() -> Entry:
    """The second take has two of the same sentence, and colours in a reason."""
    coloured = replace(BROKEN, reason="\x1b[31mnobody\x1b[0m came\x00 back")
    return entry(Take((attempt(HELD, LAW, BOTH),)), Take((attempt(HELD, coloured, coloured, seed=8, p99=0.3),)), name="violated")


def flaky() -> Entry:
    unmade = replace(attempt(), error=NotMadeError("port 8080 is taken", hint="who else is there?"))
    failed = attempt(replace(HELD, held=False, shown="80% > 90%"))
    return entry(Take((unmade, failed, attempt(HELD))), name="flaky")


def not_made() -> Entry:
    doubtful = attempt(HELD, BROKEN)
    problem = RunProblem(variant="naive", text="inventory died by itself", at=2.5)
    return entry(Take((replace(doubtful, outcome=replace(doubtful.outcome, problems=(problem,))),)), name="not-made")


def worse() -> Entry:
    found = Compared(
        worse=(
            Worse(variant="naive", link="", measure="p99", before="148ms", now="300ms"),
            Worse(variant="jitter", link="order -> inventory", measure="amplification", before="1.2x", now="2.4x"),
        ),
        count=12,
        note="not in the baseline: budget",
    )
    return replace(entry(Take((attempt(HELD),)), name="worse"), compared=found)


def wrong() -> Entry:
    problem = Problem(
        message="unknown fault kind 'latncy'", hint="did you mean 'latency'?",
        place=Place(file="chaos/wrong.yaml", line=4, column=19, width=6, text="    fault: {kind: latncy, latency: 200ms}"),
    )  # fmt: skip
    return Entry(name="wrong", file="chaos/wrong.yaml", wrong=PlaybookError([problem]))


def nowhere() -> Entry:
    return Entry(name="nowhere", file="nowhere", wrong=UsageError("there is no playbook 'nowhere'", hint="100% sure: none"))


def skipped() -> Entry:
    return Entry(name="skipped", title="Later", file="chaos/skipped.yaml")


def everything() -> Series:
    return Series((held(), violated(), flaky(), not_made(), worse(), wrong(), nowhere(), skipped()))
