"""A whole exploration: seeds in chunks, tried by whoever is there, then what failed made small, one kind of it after the other.

What is found depends on the seeds alone: chunks and workers only decide when each is tried, and everything is put in the order
of seeds before anything is concluded from it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from chaoscli.errors import NotMadeError
from chaoscli.exploration import Failure, Findings, Plan, Subject, Trial
from chaoscli.explore.explain import explained
from chaoscli.explore.plan import plan_of
from chaoscli.explore.pool import Pool, Task
from chaoscli.explore.reached import possible_in
from chaoscli.explore.trial import run, try_seed

# What a task should take: long enough that sending it costs nothing, short enough to see progress and keep a deadline.
CHUNK_S = 1.5
MOST_IN_CHUNK = 500
# A failure costs up to 500 runs to make small; of one promise, so many ways to break it are told apart.
MOST_FAILURES = 8
# Failing seeds of one promise that are looked at; each takes a run or more.
MOST_EXAMINED = 200
# A seed no sweep has, whose digest every worker has to get: an older version on some machine must not go unnoticed.
CANARY_SEED = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which seeds: ``first`` and every ``step``-th after it, ``count`` of them or as many as ``for_s`` seconds allow."""

    first: int = 0
    step: int = 1
    count: int | None = None
    for_s: float | None = None

    def seed(self, number: int) -> int:
        return self.first + number * self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The answer of one task."""

    trials: tuple[Trial, ...]
    canary: str
    seconds: float


@dataclass(slots=True)
class Progress:
    """What is known while it goes on. ``stage`` says what is being done."""

    stage: str = "searching"
    seeds: int = 0
    trials: int = 0
    failing: int = 0
    messages: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    stopped: bool = False

    @property
    def seeds_per_s(self) -> float:
        return self.seeds / self.seconds if self.seconds else 0.0


Show = Callable[[Progress], None]


def explore(subjects: Sequence[Subject], wanted: Wanted, pool: Pool, show: Show = lambda _progress: None) -> Findings:
    """Everything, in order. A KeyboardInterrupt ends the search, and what was found until then is told."""
    progress = Progress()
    trials: list[Trial] = []
    began = time.monotonic()
    try:
        _search(subjects, wanted, pool, progress, trials, show)
    except KeyboardInterrupt:
        progress.stopped = True
    searching_s = time.monotonic() - began
    trials.sort(key=lambda trial: (trial.seed, trial.variant))
    answers = [] if progress.stopped else _made_small(subjects, trials, pool, progress, show)
    failures = [failure for _, found, _ in answers for failure in found]
    explained_ones = {name for name, _, _ in answers}
    unexplained = [one for _, _, left in answers for one in left]
    broken = [(f"{trial.variant}: {one.invariant}", trial.seed) for trial in trials for one in trial.violations]
    unexplained += [(name, seed) for name, seed in broken if name not in explained_ones]
    possible = frozenset[str]().union(*(possible_in(subject.topology) for subject in subjects))
    return Findings(
        playbook=subjects[0].playbook,
        variants=tuple(subject.variant for subject in subjects),
        invariants={subject.variant: subject.invariants for subject in subjects},
        seeds=progress.seeds,
        trials=len(trials),
        failing=sum(bool(trial.violations) for trial in trials),
        failures=tuple(failures),
        unexplained=tuple(unexplained),
        reached=dict(sorted(progress.reached.items())),
        never=tuple(sorted(word for word in possible if not progress.reached[word])),
        seconds=time.monotonic() - began,
        searching_s=searching_s,
        messages=progress.messages,
        complete=not progress.stopped,
    )


# -- the search --------------------------------------------------------------------------------------------------------------


def _search(subjects: Sequence[Subject], wanted: Wanted, pool: Pool, progress: Progress, trials: list[Trial], show: Show) -> None:
    began = time.monotonic()
    canary = _canary(subjects[0])
    for chunk in pool.answers(_tasks(subjects, wanted, pool.jobs, progress, began)):
        if chunk.canary != canary:
            raise NotMadeError(
                "a worker plays the same seed another way than this process does",
                hint="do all of them have the same versions of chaoscli, trio and Python?",
            )
        trials += chunk.trials
        _count(progress, chunk, began)
        show(progress)


def _tasks(subjects: Sequence[Subject], wanted: Wanted, jobs: int, progress: Progress, began: float) -> Iterator[Task[Chunk]]:
    """Chunks of a single seed for each worker first, to see what one takes; then as many as the next second allows."""
    number, given = 0, 0
    while wanted.count is None or number < wanted.count:
        if wanted.for_s is not None and time.monotonic() - began >= wanted.for_s:
            return
        size = 1 if given < jobs or not progress.seeds_per_s else int(CHUNK_S * progress.seeds_per_s / jobs)
        size = max(1, min(size, MOST_IN_CHUNK))
        if wanted.count is not None:
            size = min(size, wanted.count - number)
        seeds = tuple(wanted.seed(number + place) for place in range(size))
        number, given = number + size, given + 1
        yield try_chunk, (tuple(subjects), seeds)


def try_chunk(subjects: Sequence[Subject], seeds: Sequence[int]) -> Chunk:
    """Every seed with every subject; the task of a worker."""
    began = time.monotonic()
    canary = _canary(subjects[0])
    trials = tuple(try_seed(subject, seed) for seed in seeds for subject in subjects)
    return Chunk(trials=trials, canary=canary, seconds=time.monotonic() - began)


_canaries: dict[str, str] = {}


def _canary(subject: Subject) -> str:
    """The digest of a seed that is nobody's, in this process; played once for each subject."""
    name = repr(subject)
    if name not in _canaries:
        _canaries.clear()
        _canaries[name] = run(subject, plan_of(subject, CANARY_SEED)).digest
    return _canaries[name]


def _count(progress: Progress, chunk: Chunk, began: float) -> None:
    progress.seeds += len({trial.seed for trial in chunk.trials})
    progress.trials += len(chunk.trials)
    progress.seconds = time.monotonic() - began
    for trial in chunk.trials:
        progress.failing += bool(trial.violations)
        progress.messages += trial.messages
        progress.kinds.update(f"{trial.variant}: {violation.invariant}" for violation in trial.violations)
        progress.reached.update(trial.reached)


# -- what failed -------------------------------------------------------------------------------------------------------------


def _made_small(
    subjects: Sequence[Subject], trials: Sequence[Trial], pool: Pool, progress: Progress, show: Show
) -> list[Explained]:
    """One for each variant and promise, in the order of their names, side by side if there are workers. A KeyboardInterrupt
    leaves out those that are not done by then."""
    failing: dict[tuple[str, str], list[int]] = {}
    for trial in trials:
        for violation in trial.violations:
            failing.setdefault((trial.variant, violation.invariant), []).append(trial.seed)
    of_variant = {subject.variant: subject for subject in subjects}
    tasks = [
        (explain_all, (of_variant[variant], invariant, tuple(seeds))) for (variant, invariant), seeds in sorted(failing.items())
    ]
    answers: list[Explained] = []
    progress.stage = f"making {len(tasks)} broken {'promise' if len(tasks) == 1 else 'promises'} small"
    try:
        show(progress)
        for answer in pool.answers(tasks):
            answers.append(answer)
            progress.failures += len(answer[1])
            show(progress)
    except KeyboardInterrupt:
        progress.stopped = True
    return sorted(answers, key=lambda answer: answer[0])


# Of one promise of one variant: its name, the ways in which it is broken, and the seeds that were left over.
Explained = tuple[str, tuple[Failure, ...], tuple[tuple[str, int], ...]]


def explain_all(subject: Subject, invariant: str, seeds: Sequence[int]) -> Explained:
    """All ways in which these seeds break one promise, and the seeds that were left over.

    A seed that keeps the promise once the faults of a known way are taken out of its plan is counted to that way; what still
    breaks it then is another, and is made small in turn, up to a bound.
    """
    promise = f"{subject.variant}: {invariant}"
    found: dict[str, Failure] = {}
    left: list[tuple[str, int]] = []
    for seed in seeds[:MOST_EXAMINED]:
        known, plan = _known(subject, invariant, plan_of(subject, seed), list(found.values()))
        if known is None and len(found) < MOST_FAILURES:
            failure = explained(subject, plan, invariant)
            known = found.setdefault(failure.name, replace(failure, seeds=()))
        if known is None:
            left.append((promise, seed))
        else:
            found[known.name] = replace(known, seeds=(*known.seeds, seed))
    left += [(promise, seed) for seed in seeds[MOST_EXAMINED:]]
    return promise, tuple(found.values()), tuple(left)


def _known(subject: Subject, invariant: str, plan: Plan, failures: Sequence[Failure]) -> tuple[Failure | None, Plan]:
    """The way whose faults this plan cannot do without, or none; and the plan less the faults of those it can do without."""
    for failure in failures:
        whats = {fault.what for fault in failure.plan.faults}
        if not whats <= {fault.what for fault in plan.faults}:
            continue
        without = replace(plan, faults=tuple(fault for fault in plan.faults if fault.what not in whats) if whats else ())
        fails = run(subject, without).broken(invariant) is not None
        if fails is not bool(whats):
            return failure, plan
        if whats:
            plan = without
    return None, plan
