"""The verdict on a run, as values: what was checked, what was measured, what each fault really did, what went wrong.

``checks/judge.py`` makes one from a recording; views and reports show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaoscli.errors import ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measure as it was read for a check: ``text`` as in the sentence, ``shown`` with its unit ("no data" for None)."""

    text: str
    variant: str
    value: float | None
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An expectation or an invariant, evaluated.

    ``text`` is the sentence without its variants and ``written`` with them; ``variant`` is the one judged, empty where a
    sentence compares variants. ``shown`` is the sentence with the measured values in the places of the measures ("97.2% >
    61.4%"); ``reason`` says why it does not hold when the numbers alone do not, and ``guilty`` names the requests that
    broke an invariant, as was feared or, of a sentence that says so, expected.
    """

    text: str
    variant: str
    held: bool
    written: str = ""
    shown: str = ""
    reason: str = ""
    kind: str = "expectation"
    readings: tuple[Reading, ...] = ()
    guilty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing asked of a fault beside what was achieved, in seconds, shares of one, or as ``unit`` says; None: not known.

    ``note`` says how good the achievement was ("off by 0.1ms at p50, 0.4ms at p99").
    """

    what: str
    unit: str
    asked: float | None
    achieved: float | None
    asked_shown: str
    achieved_shown: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReport:
    """What one fault did in one variant. ``text`` says it in words; ``met`` and ``touched`` are what it was asked about and
    what of that it harmed, in ``counted`` (chunks, requests); None where nothing counts them."""

    variant: str
    fault: str
    kind: str
    text: str
    targets: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    met: int | None = None
    touched: int | None = None
    counted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceReport:
    """Where ``count`` of a variant's ``of`` failed requests lead, by their ids: along ``path``, from service to service. The last
    one failed as ``how`` says (a status, or "timeout"); unless it is ``found`` there was somebody behind it, unknown."""

    variant: str
    path: tuple[str, ...]
    how: str
    found: bool
    count: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProblem:
    """Something that makes the run itself doubtful: a node that died, events that were lost, a load that fell behind."""

    variant: str
    text: str
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantOutcome:
    """The standard measures of one variant, and of each of its links; None is "no data". ``facts`` counts what happened in the
    shop of that which the expectations speak of."""

    name: str
    measures: Mapping[str, float | None]
    links: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    playbook: str
    title: str
    seed: int
    world: str
    version: str = ""
    complete: bool = True
    variants: tuple[VariantOutcome, ...] = ()
    checks: tuple[Check, ...] = ()
    faults: tuple[FaultReport, ...] = ()
    traces: tuple[TraceReport, ...] = ()
    problems: tuple[RunProblem, ...] = ()

    @property
    def broken(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.held)

    @property
    def exit_code(self) -> ExitCode:
        """An interrupted run, and one that could not be made as asked, have no verdict: that comes before any check."""
        if not self.complete:
            return ExitCode.INTERRUPTED
        if self.problems:
            return ExitCode.NOT_MADE
        return ExitCode.VIOLATED if self.broken else ExitCode.HELD

    @property
    def ok(self) -> bool:
        return self.exit_code is ExitCode.HELD
