"""What a playbook means once it is read: frozen, whole, with every name resolved; nothing after it looks at text again."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.checks.condition import Condition
from chaoscli.checks.expectation import Expectation
from chaoscli.errors import UsageError
from chaoscli.faults.base import ByteFault, Direction, MessageFault, NodeFault
from chaoscli.faults.datagrams.base import DatagramFault
from chaoscli.playbook.cue_kinds import CUES
from chaoscli.playbook.matrix import Matrix
from chaoscli.playbook.parameters import Parameter
from chaoscli.playbook.times import Span, lives
from chaoscli.topology import Link, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """One fault of the script: what, where and when. ``until_s`` None: until the end of the play; ``again`` are further
    instants at which it comes, for as long each time. With ``when`` it comes once that is met, after ``at_s`` at the earliest.
    It grows to its full settings over ``ramp_s``.

    A fault of the network has ``links``: the directions it takes hold of, each connection with probability ``share``. A
    fault of nodes has ``nodes``. ``targets`` is either of them in words, for the story.
    """

    name: str
    kind: str
    at_s: float
    until_s: float | None
    text: str
    targets: tuple[str, ...]
    fault: ByteFault | MessageFault | DatagramFault | NodeFault
    links: tuple[tuple[Link, Direction], ...] = ()
    nodes: tuple[str, ...] = ()
    share: float = 1.0
    again: tuple[float, ...] = ()
    when: Condition | None = None
    ramp_s: float = 0.0

    @property
    def lives(self) -> tuple[Span, ...]:
        return lives(self.at_s, self.until_s, self.again)


@dataclass(frozen=True, slots=True, kw_only=True)
class CuePlan:
    """One thing done to nodes or loads: ``kind`` is a row of ``cue_kinds``, ``rate`` what a load is to offer,
    ``replicas`` how many there are to be.

    Times are as those of a fault. ``undone`` says that its end has something to undo; else what ends it is another cue.
    """

    name: str
    kind: str
    at_s: float
    until_s: float | None
    text: str
    targets: tuple[str, ...]
    undone: bool = False
    rate: float | None = None
    replicas: int | None = None
    again: tuple[float, ...] = ()
    when: Condition | None = None

    @property
    def is_instant(self) -> bool:
        """It is over in the moment it is done."""
        return self.until_s is None and not CUES[self.kind].stays

    @property
    def lives(self) -> tuple[Span, ...]:
        return lives(self.at_s, self.until_s, self.again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One difference to try. ``changes`` are its overrides as they were written, ``path: value``."""

    name: str
    topology: Topology
    faults: tuple[FaultPlan, ...]
    cues: tuple[CuePlan, ...] = ()
    aborts: tuple[Condition, ...] = ()
    summary: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """``source_name`` is what names it on a command line; ``seed`` is None unless the file fixes one; ``next`` names the
    playbook to try after it, ``worlds`` those it can be played in, if not in all."""

    name: str
    title: str
    group: str
    teaches: tuple[str, ...]
    lesson: str
    notice: str
    next: str
    source_name: str
    lasts_s: float
    seed: int | None
    variants: tuple[Variant, ...]
    expectations: tuple[Expectation, ...]
    matrix: Matrix | None = None
    parameters: tuple[Parameter, ...] = ()
    deliberate: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()

    def plays_in(self, world: str) -> bool:
        """``real`` or ``sim``."""
        return not self.worlds or world in self.worlds

    def check_world(self, world: str) -> None:
        """UsageError where it says itself that it cannot be played there."""
        if not self.plays_in(world):
            where = {"real": "on real processes", "sim": "simulated"}[world]
            raise UsageError(
                f"'{self.name}' is not played {where}: its `worlds` are {', '.join(self.worlds)}",
                hint=f"try --world {self.worlds[0]}",
            )

    def variant(self, name: str) -> Variant:
        return next(one for one in self.variants if one.name == name)
