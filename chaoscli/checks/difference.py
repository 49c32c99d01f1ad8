"""Two runs, measure beside measure: what changed from one to the other, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from chaoscli.measures.base import Measure
from chaoscli.measures.catalogue import MEASURES, STANDARD, STANDARD_OF_LINKS
from chaoscli.outcome import Check, Outcome, VariantOutcome
from chaoscli.units import SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing of one variant in both runs, as it is shown; ``change`` is empty where there is no number to tell it by."""

    variant: str
    what: str
    before: str
    after: str
    change: str = ""

    @property
    def same(self) -> bool:
        return self.before == self.after


def differences(before: Outcome, after: Outcome) -> tuple[Difference, ...]:
    """Every measure that either run has a value of, then every expectation, of each variant.

    Variants belong together by name; where each run has only one, whatever they are called.
    """
    return tuple(one for name, first, second in _pairs(before, after) for one in _of_variant(name, first, second)) + tuple(
        _of_checks(before, after)
    )


def _pairs(before: Outcome, after: Outcome) -> Iterator[tuple[str, VariantOutcome, VariantOutcome]]:
    if len(before.variants) == len(after.variants) == 1:
        first, second = before.variants[0], after.variants[0]
        name = first.name if first.name == second.name else f"{first.name} / {second.name}"
        yield name, first, second
        return
    others = {variant.name: variant for variant in after.variants}
    for variant in before.variants:
        if variant.name in others:
            yield variant.name, variant, others[variant.name]


def _of_variant(name: str, before: VariantOutcome, after: VariantOutcome) -> Iterator[Difference]:
    for measure in STANDARD:
        yield from _difference(name, measure, MEASURES[measure], before.measures.get(measure), after.measures.get(measure))
    for link in dict.fromkeys((*before.links, *after.links)):
        first, second = before.links.get(link, {}), after.links.get(link, {})
        for measure in STANDARD_OF_LINKS:
            yield from _difference(name, f"{link}: {measure}", MEASURES[measure], first.get(measure), second.get(measure))


def _difference(name: str, what: str, measure: Measure, before: float | None, after: float | None) -> Iterator[Difference]:
    if before is None and after is None:
        return
    yield Difference(
        variant=name, what=what, before=measure.show(before), after=measure.show(after), change=_change(measure, before, after)
    )


def _change(measure: Measure, before: float | None, after: float | None) -> str:
    """``+12.5%`` of what it was; shares of one in points."""
    if before is None or after is None or math.isinf(before) or math.isinf(after) or before == after:
        return ""
    if measure.unit.name == SHARE.name:
        return f"{(after - before) * 100:+.1f} points"
    return f"{(after - before) / abs(before):+.1%}" if before else ""


def _of_checks(before: Outcome, after: Outcome) -> Iterator[Difference]:
    others = {(check.text, check.variant): check for check in after.checks}
    for check in before.checks:
        other = others.get((check.text, check.variant))
        if other is not None:
            yield Difference(variant=check.variant, what=check.text, before=_verdict(check), after=_verdict(other))


def _verdict(check: Check) -> str:
    return "held" if check.held else "did not hold"
