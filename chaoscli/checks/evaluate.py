"""Holds a recording against an expectation: every measured value beside its bound, and the reason when there is none."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.sentence import Combined, Comparison, Expectation, Group, Measured, Operator, Quantity, Relation, Term
from chaoscli.measures.base import NoData
from chaoscli.outcome import Check, Reading
from chaoscli.recording import RunRecording
from chaoscli.units import DURATION, SHARE, Unit

_DO: Mapping[Operator, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_HOLDS: Mapping[Relation, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    # Counts are exact; what was divided is not, and nobody means its last digit.
    "==": lambda left, right: math.isclose(left, right, rel_tol=1e-9),
    "!=": lambda left, right: not math.isclose(left, right, rel_tol=1e-9),
}
# What is shown is true: of "p99 < 1ms", which does not hold, "23ms >= 1ms".
_UNLIKE: Mapping[Relation, Relation] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def evaluate(expectation: Expectation, run: RunRecording) -> tuple[Check, ...]:
    """One check for each variant it is about, or one in all when its measures name their variants themselves.

    A sentence about a variant that was not played is passed over: someone chose to play only some.
    """
    return tuple(_evaluate(expectation, run))


def _evaluate(expectation: Expectation, run: RunRecording) -> Iterator[Check]:
    named = {read.variant for read in expectation.measured if read.variant}
    if not named <= run.variants.keys():
        return
    compares = expectation.comparison is not None and all(read.variant for read in expectation.measured)
    if compares and not expectation.variants:
        yield _check(expectation, run, "")
        return
    for variant in run.variants:
        if variant in (expectation.variants or run.variants):
            yield _check(expectation, run, variant)


def _check(expectation: Expectation, run: RunRecording, variant: str) -> Check:
    comparison = expectation.comparison
    check = _check_law(expectation, run, variant) if comparison is None else _check_comparison(comparison, run, variant)
    return replace(check, text=expectation.claim, written=expectation.text)


def _check_law(expectation: Expectation, run: RunRecording, variant: str) -> Check:
    law = INVARIANTS[expectation.invariant]
    try:
        finding = law.judge(run.variants[variant])
    except NoData as nothing:
        return Check(text=law.name, variant=variant, held=False, shown="no data", reason=str(nothing), kind="invariant")
    kept = not finding.guilty
    reason = "it was kept" if expectation.breaks and kept else ""
    return Check(
        text=law.name, variant=variant, held=kept is not expectation.breaks, shown=finding.shown, reason=reason, kind="invariant",
        guilty=finding.guilty,
    )  # fmt: skip


def _check_comparison(comparison: Comparison, run: RunRecording, variant: str) -> Check:
    read = _Reader(run, variant)
    values = [read.value(term) for term in comparison.terms]
    sides = [read.shown(term) for term in comparison.terms]
    verdicts = []
    for place, relation in enumerate(comparison.relations):
        left, right = values[place], values[place + 1]
        held, reason = _verdict(relation, left, right)
        verdicts.append((held, reason))
        if left is not None and right is not None and not (held or reason) and sides[place] == sides[place + 1]:
            # "2s <= 2s" would be a riddle: show the digits that decide.
            sides[place : place + 2] = _exact(left, read.units[0]), _exact(right, read.units[0])
    reason = "; ".join(read.reasons) or next((reason for _, reason in verdicts if reason), "")
    signs = [sign if holds or why else _UNLIKE[sign] for sign, (holds, why) in zip(comparison.relations, verdicts, strict=True)]
    shown = sides[0] + "".join(f" {sign} {side}" for sign, side in zip(signs, sides[1:], strict=True))
    return Check(
        text="",
        variant=variant,
        held=all(held for held, _ in verdicts),
        shown=shown,
        reason=reason,
        readings=tuple(read.readings),
    )


def _verdict(relation: Relation, left: float | None, right: float | None) -> tuple[bool, str]:
    if left is None or right is None:
        return False, "no data"
    if math.isinf(left) and math.isinf(right):
        return False, "neither ever comes, so there is nothing to compare"
    if math.isnan(left) or math.isnan(right):
        return False, "there is no such number"
    return _HOLDS[relation](left, right), ""


class _Reader:
    """Reads the measures of one comparison, for one variant, and remembers what it read."""

    def __init__(self, run: RunRecording, variant: str) -> None:
        self.readings: list[Reading] = []
        self.reasons: list[str] = []
        self.units: list[Unit] = []
        self._run = run
        self._variant = variant
        # By the measure, scope and variant: the middle of a range stands in two comparisons and is read once.
        self._read_so_far: dict[Measured, float | None] = {}

    def value(self, term: Term) -> float | None:
        match term:
            case Quantity(value=value):
                return value
            case Group(inner=inner):
                return self.value(inner)
            case Measured():
                return self._read(term)
            case Combined(operator=done, left=left, right=right):
                return self._combine(done, self.value(left), self.value(right))

    def shown(self, term: Term) -> str:
        """The term as written, with what was measured in place of each measure."""
        match term:
            case Quantity(text=text):
                return text
            case Group(inner=inner):
                return f"({self.shown(inner)})"
            case Measured():
                return term.measure.show(self._read_so_far[term])
            case Combined(operator=done, left=left, right=right):
                return f"{self.shown(left)} {done} {self.shown(right)}"

    def _read(self, term: Measured) -> float | None:
        if term in self._read_so_far:
            return self._read_so_far[term]
        variant = term.variant or self._variant
        value: float | None = None
        try:
            value = term.measure.compute(self._run.variants[variant], term.scope)
        except NoData as nothing:
            self.reasons.append(f"{term.text} has no data: {nothing}")
        self._read_so_far[term] = value
        self.units.append(term.measure.unit)
        self.readings.append(Reading(text=term.text, variant=variant, value=value, shown=term.measure.show(value)))
        return value

    def _combine(self, done: Operator, left: float | None, right: float | None) -> float | None:
        if left is None or right is None:
            return None
        if done == "/" and right == 0:
            self.reasons.append("this divides by nothing")
            return None
        return _DO[done](left, right)


def _exact(value: float, unit: Unit) -> str:
    if unit is DURATION:
        return f"{value * 1e3:.3f}ms"
    return f"{value * 100:.4f}%" if unit is SHARE else f"{value:.6g}"
