"""The outcome as one JSON document, for programs: the same keys in the same order, numbers in seconds and shares of one.

``null`` is "no data". What JSON has no number for, a recovery that never came, is ``null`` too and named under ``never``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Check, FaultReport, Figure, Outcome, Reading, RunProblem, TraceReport, VariantOutcome
from chaoscli.units import DURATION, RATE, SHARE

# A microsecond, and a millionth of a share: finer digits are noise, and would make two equal runs look different.
DIGITS = 6

_UNITS = {DURATION.name: "s", RATE.name: "per second", SHARE.name: "share"}


def document(outcome: Outcome) -> dict[str, Any]:
    """What ``--json`` prints, for ``json.dumps``."""
    return {
        "playbook": outcome.playbook,
        "title": outcome.title,
        "seed": outcome.seed,
        "world": outcome.world,
        "version": outcome.version,
        "ok": outcome.ok,
        "exit_code": int(outcome.exit_code),
        "complete": outcome.complete,
        "variants": {variant.name: _variant(variant) for variant in outcome.variants},
        "expectations": [_check(check) for check in outcome.checks],
        "faults": [_fault(report) for report in outcome.faults],
        "traces": [_trace(report) for report in outcome.traces],
        "problems": [_problem(problem) for problem in outcome.problems],
        "units": _units(outcome),
    }


def _variant(variant: VariantOutcome) -> dict[str, Any]:
    return {
        "measures": {name: rounded(value) for name, value in variant.measures.items()},
        "never": [name for name, value in variant.measures.items() if value is not None and math.isinf(value)],
        "facts": dict(variant.facts),
        "links": {link: {name: rounded(value) for name, value in of.items()} for link, of in variant.links.items()},
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "text": check.written or check.text,
        "claim": check.text,
        "kind": check.kind,
        "variant": check.variant or None,
        "held": check.held,
        "shown": check.shown,
        "reason": check.reason or None,
        "measured": [_reading(reading) for reading in check.readings],
        "guilty": list(check.guilty),
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {"measure": reading.text, "variant": reading.variant, "value": rounded(reading.value), "shown": reading.shown}


def _trace(report: TraceReport) -> dict[str, Any]:
    return {
        "variant": report.variant,
        "path": list(report.path),
        "how": report.how,
        "found": report.found,
        "count": report.count,
        "of": report.of,
    }


def _fault(report: FaultReport) -> dict[str, Any]:
    return {
        "variant": report.variant,
        "fault": report.fault,
        "kind": report.kind,
        "text": report.text,
        "targets": list(report.targets),
        "met": report.met,
        "touched": report.touched,
        "counted": report.counted or None,
        "figures": [_figure(figure) for figure in report.figures],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "what": figure.what,
        "unit": figure.unit,
        "asked": rounded(figure.asked),
        "achieved": rounded(figure.achieved),
        "note": figure.note or None,
    }


def _problem(problem: RunProblem) -> dict[str, Any]:
    return {"variant": problem.variant, "text": problem.text, "at": rounded(problem.at)}


def _units(outcome: Outcome) -> Mapping[str, str]:
    """The unit of every measure that appears and has one."""
    names = dict.fromkeys(
        name for variant in outcome.variants for of in (variant.measures, *variant.links.values()) for name in of
    )
    return {name: _UNITS[MEASURES[name].unit.name] for name in names if MEASURES[name].unit.name in _UNITS}


def rounded(value: float | None) -> float | int | None:
    """Whole numbers as such; None for what is no number to JSON."""
    if value is None or not math.isfinite(value):
        return None
    near = round(float(value), DIGITS)
    return int(near) if near.is_integer() else near
