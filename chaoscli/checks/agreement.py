"""Do two worlds tell the same story? Their measures side by side, each with how far apart they may be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chaoscli.checks.agreement_exceptions import EXCEPTIONS, AgreementException, reason_for
from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Apart by ``share`` of the simulated value or by ``least``, in the measure's own unit, whichever is more. ``each`` says what
    there is so much of: of two hops two may be late, and of few calls one is many points."""

    share: float
    least: float
    reason: str
    each: Literal["", "hop", "call"] = ""

    def at(self, *, hops: int, calls: float) -> Tolerance:
        """For a measure that takes so many hops, or is a share of so many calls."""
        if self.each == "hop":
            return replace(self, least=self.least * max(1, hops))
        if self.each == "call" and calls:
            return replace(self, least=max(self.least, MOST_CALLS_APART / calls))
        return self

    def allows(self, real: float, simulated: float) -> bool:
        if math.isinf(real) or math.isinf(simulated):
            return real == simulated
        return abs(real - simulated) <= max(self.share * abs(simulated), self.least)

    def shown(self, name: str) -> str:
        """``15 %, at least 4ms``."""
        least = MEASURES[name].show(self.least)
        return f"{self.share * 100:.0f} %, at least {least}" if self.share else least


# A real request on a machine that is busy with twenty processes is late by a few milliseconds at each hop; what the host adds
# is no part of the story, and below it no share makes sense.
HOST_S = 0.004
# At each edge of a fault one call may fall on the other side.
MOST_CALLS_APART = 2.0
TOLERANCES: Mapping[str, Tolerance] = {
    "requests": Tolerance(share=0.02, least=2, reason="drawn alike; one more or less falls on either side of the end"),
    "success": Tolerance(share=0.0, least=0.03, each="call", reason="three points, or two calls: those at the edges of a fault"),
    "p50": Tolerance(share=0.15, least=HOST_S, each="hop", reason="the host's own scheduling, at each hop"),
    "amplification": Tolerance(share=0.10, least=0.02, reason="tries at the edges of a fault"),
    "timeouts": Tolerance(share=0.15, least=3, reason="tries at the edges of a fault"),
    "fallbacks": Tolerance(share=0.15, least=3, reason="requests at the edges of a fault"),
}
OF_VARIANTS = ("requests", "success", "p50")
OF_LINKS = ("success", "p50", "amplification", "timeouts", "fallbacks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One thing both worlds were asked: a measure of a variant or one of its links, or an expectation's verdict. ``reason``
    says why a difference is right, if it is."""

    variant: str
    what: str
    real: str
    simulated: str
    tolerance: str
    agrees: bool
    reason: str = ""

    @property
    def is_fine(self) -> bool:
        return self.agrees or bool(self.reason)


def compare(real: Outcome, simulated: Outcome, exceptions: tuple[AgreementException, ...] = EXCEPTIONS) -> tuple[Comparison, ...]:
    """Every measure that has a tolerance, of every variant and link, and every verdict; differences with their reason."""
    return tuple(
        one if one.agrees else replace(one, reason=reason_for(real.playbook, one.variant, one.what, exceptions))
        for one in (*_measures(real, simulated), *_verdicts(real, simulated))
    )


def _measures(real: Outcome, simulated: Outcome) -> Iterator[Comparison]:
    others = {variant.name: variant for variant in simulated.variants}
    for variant in real.variants:
        other = others[variant.name]
        hops = _hops(tuple(variant.links))
        requests = variant.measures.get("requests") or 0.0
        for name in OF_VARIANTS:
            allowed = TOLERANCES[name].at(hops=max(hops.values(), default=1), calls=requests)
            yield _measure(variant.name, "", name, variant.measures.get(name), other.measures.get(name), allowed)
        for link, measures in variant.links.items():
            for name in OF_LINKS:
                allowed = TOLERANCES[name].at(hops=hops[link], calls=measures.get("attempts") or 0.0)
                yield _measure(variant.name, link, name, measures.get(name), other.links[link].get(name), allowed)


def _hops(links: Sequence[str]) -> Mapping[str, int]:
    """How many links a call over each may go down, itself included; a ring is gone round once."""
    below: dict[str, list[str]] = {}
    for link in links:
        below.setdefault(link.partition(" -> ")[0], []).append(link)

    def deep(link: str, above: tuple[str, ...]) -> int:
        further = [one for one in below.get(link.partition(" -> ")[2], ()) if one not in above]
        return 1 + max((deep(one, (*above, one)) for one in further), default=0)

    return {link: deep(link, (link,)) for link in links}


def _measure(variant: str, link: str, name: str, real: float | None, simulated: float | None, tolerance: Tolerance) -> Comparison:
    measure = MEASURES[name]
    agrees = real is simulated if real is None or simulated is None else tolerance.allows(real, simulated)
    return Comparison(
        variant=variant, what=f"{name} of {link}" if link else name, real=measure.show(real), simulated=measure.show(simulated),
        tolerance=tolerance.shown(name), agrees=agrees,
    )  # fmt: skip


def _verdicts(real: Outcome, simulated: Outcome) -> Iterator[Comparison]:
    for one, other in zip(real.checks, simulated.checks, strict=True):
        yield Comparison(
            variant=one.variant, what=one.text, real=_verdict(one.held, one.shown), simulated=_verdict(other.held, other.shown),
            tolerance="the same verdict", agrees=one.held == other.held,
        )  # fmt: skip


def _verdict(held: bool, shown: str) -> str:
    return f"{'held' if held else 'violated'}: {shown}"
