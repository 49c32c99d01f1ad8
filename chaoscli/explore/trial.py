"""One run of a plan in the simulated world, watched and judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chaoscli.checks.recovers import RECOVERS, fares_no_better
from chaoscli.errors import leaves
from chaoscli.exploration import NEVER_STUCK, NOBODY_DIES, Plan, Subject, Trial, Violation
from chaoscli.explore.judging import Witness, violations
from chaoscli.explore.plan import plan_of
from chaoscli.explore.playing import Listening, play_plan, staged
from chaoscli.explore.reached import messages, reached
from chaoscli.recording import Header, Recording, RunRecording, digest_of, event_line
from chaoscli.worlds.base import CURTAIN_DELAY_S, NodeDied
from chaoscli.worlds.clock import Kernel, StuckError, simulate
from chaoscli.worlds.futures import SeedUntil
from chaoscli.worlds.simulated import open_simulated_world

# Every so many seeds of a sweep one that keeps its promises is played twice: equal digests are what all else rests on.
SELF_CHECK_EVERY = 50


class NotTheSameError(AssertionError):
    """A run was another the second time: our own bug, or a service that reaches past its node."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a plan came to."""

    recording: Recording
    violations: tuple[Violation, ...]

    @property
    def digest(self) -> str:
        return digest_of(as_run(self.recording))

    def broken(self, invariant: str) -> Violation | None:
        return next((one for one in self.violations if one.invariant == invariant), None)


def as_run(recording: Recording, header: Header | None = None) -> RunRecording:
    header = header or Header(playbook="", variants=(recording.name,))
    return RunRecording(header=header, variants={recording.name: recording})


def run(subject: Subject, plan: Plan, *, other_dice: tuple[float, int] | None = None) -> Run:
    """Play it. With ``other_dice`` everything is as it was until that instant, and from then on has the dice of that seed."""
    recording = Recording(subject.variant)
    witness = Witness(recording, subject.invariants)
    listening = Listening(witness)
    ended: list[Violation] = []

    async def play(kernel: Kernel) -> None:
        seed = plan.seed
        if other_dice is not None:
            seed = SeedUntil(plan.seed, kernel.now, *other_dice)
            kernel.at(other_dice[0], kernel.roll_anew, other_dice[1])
        async with open_simulated_world(
            staged(subject.topology, plan), listening, seed=seed, kernel=kernel, lasts_s=plan.lasts_s
        ) as world:
            await play_plan(plan, world, listening)

    try:
        simulate(play, seed=plan.seed, starts_at=-CURTAIN_DELAY_S)
    except* (StuckError, NodeDied) as group:
        for leaf in leaves(group):
            name = NEVER_STUCK if isinstance(leaf, StuckError) else NOBODY_DIES
            at_s = recording.events[-1].at if recording.events else 0.0
            ended.append(Violation(invariant=name, at_s=at_s, shown=str(leaf)))
    broken = (*ended[:1], *violations(witness, subject.invariants))
    return Run(recording, tuple(one for one in broken if not _excused(one, subject, plan, recording, other_dice)))


def _excused(
    violation: Violation, subject: Subject, plan: Plan, recording: Recording, other_dice: tuple[float, int] | None
) -> bool:
    """Whether it cannot be laid to the faults. Only recovering is judged by what faults did, so only for that there is a control:
    the same load and dice, and nothing done to anybody."""
    if violation.invariant != RECOVERS.name or not plan.faults:
        return False
    return fares_no_better(run(subject, replace(plan, faults=()), other_dice=other_dice).recording, recording)


def confirmed(subject: Subject, plan: Plan) -> Run:
    """The run, made twice; NotTheSameError when the two differ."""
    first, second = run(subject, plan), run(subject, plan)
    if first.digest != second.digest:
        raise NotTheSameError(first_difference(first.recording, second.recording))
    return first


def first_difference(one: Recording, other: Recording) -> str:
    """The first event in which two recordings part, as both tell it."""
    for number, (left, right) in enumerate(_pairs(one, other), start=1):
        if left != right:
            return f"event {number} was\n  {left}\nand the second time\n  {right}"
    return "nothing"


def _pairs(one: Recording, other: Recording) -> Iterator[tuple[str, str]]:
    for place in range(max(len(one.events), len(other.events))):
        left, right = (
            event_line(two.name, two.events[place]) if place < len(two.events) else "nothing more" for two in (one, other)
        )
        yield left, right


def try_seed(subject: Subject, seed: int) -> Trial:
    """The plan of this seed, played and judged; twice, if it failed or is of the sample."""
    plan = plan_of(subject, seed)
    made = run(subject, plan)
    digest = ""
    if made.violations or seed % SELF_CHECK_EVERY == 0:
        digest = made.digest
        again = run(subject, plan)
        if again.digest != digest:
            raise NotTheSameError(f"seed {seed}: {first_difference(made.recording, again.recording)}")
    return Trial(
        seed=seed, variant=subject.variant, digest=digest, violations=made.violations, reached=reached(made.recording),
        messages=messages(made.recording),
    )  # fmt: skip
