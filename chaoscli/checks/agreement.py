"""Do two worlds tell the same story? Their measures side by side, each with how far apart they may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chaoscli.checks.agreement_exceptions import EXCEPTIONS, AgreementException, reason_for
from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Outcome, VariantOutcome


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
# Simulated seeds that are asked what is left to chance, the one compared with included: enough to see whether a figure is the
# same in all of them, few enough to be over in seconds.
SEEDS_ASKED = 5
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


def compare(
    real: Outcome,
    simulated: Outcome,
    others: Sequence[Outcome] = (),
    *,
    exceptions: tuple[AgreementException, ...] = EXCEPTIONS,
) -> tuple[Comparison, ...]:
    """Every measure that has a tolerance, of every variant and link, and every verdict; differences with their reason.

    ``others`` are simulated by other seeds. Where they differ among themselves, who is elected or who comes first is left to
    chance, and that is the reason of a real figure which lies among theirs. A verdict has to be the same all the same.
    """
    return tuple(
        one if one.is_fine else replace(one, reason=reason_for(real.playbook, one.variant, one.what, exceptions))
        for one in (*_measures(real, simulated, others), *_verdicts(real, simulated))
    )


def _measures(real: Outcome, simulated: Outcome, others: Sequence[Outcome]) -> Iterator[Comparison]:
    by_seed = [{variant.name: variant for variant in one.variants} for one in (simulated, *others)]
    for variant in real.variants:
        hops = _hops(tuple(variant.links))
        for link in ("", *variant.links):
            measures = _measures_of(variant, link)
            calls = measures.get("attempts" if link else "requests") or 0.0
            for name in OF_LINKS if link else OF_VARIANTS:
                tolerance = TOLERANCES[name].at(hops=hops[link], calls=calls)
                figures = [measures.get(name), *(_measures_of(one[variant.name], link).get(name) for one in by_seed)]
                yield _measure(variant.name, f"{name} of {link}" if link else name, name, figures, tolerance)


def _measures_of(variant: VariantOutcome, link: str) -> Mapping[str, float | None]:
    """Of the whole variant where ``link`` is empty; none where the link was never there."""
    return variant.links.get(link, {}) if link else variant.measures


def _hops(links: Sequence[str]) -> Mapping[str, int]:
    """How many links a call over each may go down, itself included; a ring is gone round once. "" is any request's most."""
    below: dict[str, list[str]] = {}
    for link in links:
        below.setdefault(link.partition(" -> ")[0], []).append(link)

    def deep(link: str, above: tuple[str, ...]) -> int:
        further = [one for one in below.get(link.partition(" -> ")[2], ()) if one not in above]
        return 1 + max((deep(one, (*above, one)) for one in further), default=0)

    of_links = {link: deep(link, (link,)) for link in links}
    return {**of_links, "": max(of_links.values(), default=1)}


def _measure(variant: str, what: str, name: str, figures: Sequence[float | None], tolerance: Tolerance) -> Comparison:
    """``figures`` are the real one, that of the same seed simulated, and those of other seeds."""
    show = MEASURES[name].show
    real, simulated, *_ = figures
    agrees = _alike(real, simulated, tolerance)
    return Comparison(
        variant=variant, what=what, real=show(real), simulated=show(simulated), tolerance=tolerance.shown(name), agrees=agrees,
        reason="" if agrees else _by_chance(real, figures[1:], tolerance, show),
    )  # fmt: skip


def _alike(real: float | None, simulated: float | None, tolerance: Tolerance) -> bool:
    return real is simulated if real is None or simulated is None else tolerance.allows(real, simulated)


def _by_chance(
    real: float | None, simulated: Sequence[float | None], tolerance: Tolerance, show: Callable[[float | None], str]
) -> str:
    """Between what the simulated seeds move; empty when the real figure does not lie among theirs."""
    values = [one for one in simulated if one is not None]
    ends = (min(values), max(values)) if values else ()
    among = real is not None and ends and ends[0] <= real <= ends[1]
    if not among and not any(_alike(real, one, tolerance) for one in simulated):
        return ""
    given = [" to ".join(dict.fromkeys(map(show, ends)))] if ends else []
    if None in simulated:
        given.append(show(None))
    return f"left to chance: {len(simulated)} simulated seeds give {' or '.join(given)}"


def _verdicts(real: Outcome, simulated: Outcome) -> Iterator[Comparison]:
    for one, other in zip(real.checks, simulated.checks, strict=True):
        yield Comparison(
            variant=one.variant, what=one.text, real=_verdict(one.held, one.shown), simulated=_verdict(other.held, other.shown),
            tolerance="the same verdict", agrees=one.held == other.held,
        )  # fmt: skip


def _verdict(held: bool, shown: str) -> str:
    return f"{'held' if held else 'violated'}: {shown}"
