"""What an exploration is about and what it comes to, as values: plans, trials, failures, and what all of them found.

``explore`` makes them; views and reports show them. All of them are plain JSON by ``settings.to_plain``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaoscli.topology import Topology

# Broken by a run that could not be brought to its end, whatever else was promised.
NEVER_STUCK = "never stuck"
NOBODY_DIES = "nobody dies"
ALWAYS = (NEVER_STUCK, NOBODY_DIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment that is told by what happens: the ``number``-th message of a link in one direction has arrived."""

    link: str
    reply: bool
    number: int

    def __str__(self) -> str:
        return f"{_nth(self.number)} {'reply' if self.reply else 'request'} of {self.link}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """One harm: ``kind`` is one of the exploration's vocabulary, ``target`` a link or a node, ``settings`` the plain settings of
    the fault. It begins ``at_s`` after the curtain or, if there is ``after``, that much after such a moment."""

    kind: str
    target: str
    at_s: float
    for_s: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    after: Moment | None = None

    @property
    def what(self) -> str:
        """Its kind and target, by which failures are told apart."""
        return f"{self.kind} {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run to be made: everything follows from it. ``faults`` come before ``heals_s``, when all that is on is undone and
    nodes are back; load is offered until ``lasts_s``. ``stops_s`` are loads that end sooner; a load that never starts has 0.
    ``users`` are closed loads of fewer people."""

    seed: int
    heals_s: float
    lasts_s: float
    faults: tuple[PlannedFault, ...] = ()
    stops_s: Mapping[str, float] = field(default_factory=dict)
    users: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is explored: one variant of a playbook, by the ``invariants`` that it should keep whatever is done to it."""

    playbook: str
    variant: str
    topology: Topology
    invariants: tuple[str, ...]
    heals_s: float
    lasts_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A promise that was broken: ``at_s`` is when, as far as can be said; ``shown`` what was seen."""

    invariant: str
    at_s: float
    shown: str
    guilty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run that was made. ``reached`` counts what came to pass in it, by words."""

    seed: int
    variant: str
    digest: str
    violations: tuple[Violation, ...] = ()
    reached: Mapping[str, int] = field(default_factory=dict)
    messages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Of ``tried`` futures that begin at ``at_s`` with other dice, ``failed`` broke the same promise."""

    at_s: float
    failed: int
    tried: int

    @property
    def share(self) -> float:
        return self.failed / self.tried if self.tried else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One way in which a promise can be broken: the smallest ``plan`` that was found, and how it was found.

    ``seeds`` are those of the sweep that failed in this way, the first of them the one that was made smaller in ``runs`` runs.
    ``again`` of ``tried`` other seeds fail under the same faults. ``story`` is (seconds, words).
    """

    subject: Subject
    violation: Violation
    plan: Plan
    digest: str
    seeds: tuple[int, ...]
    planned_faults: int
    runs: int
    again: int
    tried: int
    story: tuple[tuple[float, str], ...] = ()
    chances: tuple[Chance, ...] = ()

    @property
    def name(self) -> str:
        """What makes it another failure than others."""
        return group_of(self.subject.variant, self.violation.invariant, self.plan)

    @property
    def nature(self) -> str:
        """A law broken under all dice is logic; one that needs luck is a race."""
        if self.again == self.tried:
            return "logic"
        return "a race" if self.again <= self.tried // 2 else "likely"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a whole exploration came to.

    ``invariants`` are what was looked for in each variant, besides what ``ALWAYS`` is; ``left_aside`` the laws that it breaks
    without any fault. ``unexplained`` are failing seeds that were not made smaller, and so belong to no failure for sure;
    ``not_smaller`` says why, for promises at which that went wrong. ``never`` is what could have been reached and was not.
    ``searching_s`` are the seconds before failures were made smaller, which all of ``seconds`` has in it. One that is not
    ``complete`` was interrupted, or ``ended_by`` an error.
    """

    playbook: str
    variants: tuple[str, ...]
    invariants: Mapping[str, tuple[str, ...]]
    seeds: int
    trials: int
    failing: int
    left_aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    unexplained: tuple[tuple[str, int], ...] = ()
    not_smaller: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, int] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    seconds: float = 0.0
    searching_s: float = 0.0
    messages: int = 0
    complete: bool = True
    ended_by: str = ""


def group_of(variant: str, invariant: str, plan: Plan) -> str:
    whats = ", ".join(sorted({fault.what for fault in plan.faults})) or "no fault at all"
    return f"{variant}: {invariant} by {whats}"


def _nth(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else endings.get(number % 10, 'th')}"
