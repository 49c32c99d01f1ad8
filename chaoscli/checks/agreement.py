"""Do two worlds tell the same story? Their measures side by side, each with how far apart they may be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from chaoscli.checks.agreement_exceptions import EXCEPTIONS, AgreementException, reason_for
from chaoscli.events import Answered, CallEnded, FaultInjected, RequestStarted
from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Outcome
from chaoscli.recording import Recording, RunRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Apart by ``share`` of the simulated value or by ``least``, in the measure's own unit, whichever is more."""

    share: float
    least: float
    reason: str

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
# The median of fewer calls is that of whoever came first, before anything was warm.
FEWEST_CALLS = 5
TOLERANCES: Mapping[str, Tolerance] = {
    "requests": Tolerance(share=0.02, least=2, reason="drawn alike; one more or less falls on either side of the end"),
    "success": Tolerance(share=0.0, least=0.03, reason="three points: requests at the edges of a fault fall on either side"),
    "p50": Tolerance(share=0.15, least=HOST_S, reason="the host's own scheduling"),
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


def link_s(run: RunRecording) -> float | None:
    """What a message took from peer to peer, in the median, as seconds: half of what calls took beyond the callee's own time.
    None without calls."""
    beyond = [seconds for recording in run.variants.values() for _, seconds in _beyond_the_callee(recording)]
    return _half_the_median(beyond) if beyond else None


def links_s(recording: Recording) -> Mapping[str, float]:
    """The same of each link of one variant that had calls enough, by its name.

    It is the host's part in the story: where many answer at once, each waits for a core. Simulated links that take as long
    leave the story itself to compare.
    """
    beyond: dict[str, list[float]] = {}
    for link, seconds in _beyond_the_callee(recording):
        beyond.setdefault(link, []).append(seconds)
    return {link: _half_the_median(found) for link, found in beyond.items() if len(found) >= FEWEST_CALLS}


def _half_the_median(beyond: list[float]) -> float:
    return max(0.0, sorted(beyond)[len(beyond) // 2] / 2)


def _beyond_the_callee(recording: Recording) -> Iterator[tuple[str, float]]:
    """Links, and calls and answers that can be told apart: one of each for the same request and attempt, while nothing was
    injected. How late a load was with its first call is the host's as well."""
    late_s = {(one.load, one.request): one.at - one.intended_at for one in recording.of(RequestStarted)}
    until = min((one.at for one in recording.of(FaultInjected)), default=math.inf)
    answers: dict[tuple[str, str, str, int], list[Answered]] = {}
    for answer in recording.of(Answered):
        answers.setdefault((answer.caller, answer.node, answer.request, answer.attempt), []).append(answer)
    calls: dict[tuple[str, str, str, int], list[CallEnded]] = {}
    for call in recording.of(CallEnded):
        calls.setdefault((call.caller, call.callee, call.request, call.attempt), []).append(call)
    for key, ended in calls.items():
        answered = answers.get(key, ())
        if len(ended) == len(answered) == 1 and ended[0].at < until:
            caller, callee, request, attempt = key
            late = late_s.get((caller, request), 0.0) if attempt == 1 else 0.0
            yield f"{caller} -> {callee}", late + ended[0].seconds - answered[0].queued_s - answered[0].worked_s


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
        for name in OF_VARIANTS:
            yield _measure(variant.name, "", name, variant.measures.get(name), other.measures.get(name))
        for link, measures in variant.links.items():
            for name in OF_LINKS:
                yield _measure(variant.name, link, name, measures.get(name), other.links[link].get(name))


def _measure(variant: str, link: str, name: str, real: float | None, simulated: float | None) -> Comparison:
    measure, tolerance = MEASURES[name], TOLERANCES[name]
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
