"""The same measures over several runs of one playbook: how far they lie apart, and which value is the usual one."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaoscli.outcome import Outcome, VariantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One measure of a variant, or of one of its links, over all runs. ``median`` is a value that was measured (the lower of
    two middle ones); ``missing`` counts the runs that had no data for it, and without any data all three are None."""

    variant: str
    link: str
    measure: str
    least: float | None
    median: float | None
    most: float | None
    missing: int = 0

    @property
    def moved(self) -> bool:
        return self.least != self.most or self.missing > 0


def spread_of(outcomes: Sequence[Outcome]) -> tuple[Spread, ...]:
    """In the order of the first run's measures. Infinite values ("never") are larger than any other."""
    return tuple(_spreads(outcomes))


def _spreads(outcomes: Sequence[Outcome]) -> Iterator[Spread]:
    for variant in outcomes[0].variants if outcomes else ():
        alike = [one for outcome in outcomes for one in outcome.variants if one.name == variant.name]
        for link, measures in {"": variant.measures, **variant.links}.items():
            for measure in measures:
                yield _spread(variant.name, link, measure, [_measures(one, link).get(measure) for one in alike])


def _measures(variant: VariantOutcome, link: str) -> Mapping[str, float | None]:
    return variant.links.get(link, {}) if link else variant.measures


def _spread(variant: str, link: str, measure: str, values: Sequence[float | None]) -> Spread:
    known = sorted(value for value in values if value is not None)
    least, median, most = (known[0], statistics.median_low(known), known[-1]) if known else (None, None, None)
    return Spread(
        variant=variant, link=link, measure=measure, least=least, median=median, most=most, missing=len(values) - len(known)
    )
