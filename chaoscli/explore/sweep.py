"""A whole exploration: seeds in chunks, tried by whoever is there, then what failed made small, one kind of it after the other.

What is found depends on the seeds alone: chunks and workers only decide when each is tried, and everything is put in the order
of seeds before anything is concluded from it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from chaoscli.errors import ChaosError, NotMadeError, leaves
from chaoscli.exploration import Failure, Findings, Plan, Subject, Trial
from chaoscli.explore.explain import explained
from chaoscli.explore.plan import plan_of
from chaoscli.explore.pool import Pool, Task, sendable
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
    """Which seeds: ``first`` and every ``step``-th after it, ``count`` of them or as many as ``for_s`` seconds allow, which is
    one at least."""

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
Keep = Callable[[Failure], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What was found, and what went wrong meanwhile: the caller shows the one and then raises the other."""

    findings: Findings
    errors: tuple[Exception, ...] = ()


def explore(
    subjects: Sequence[Subject],
    wanted: Wanted,
    pool: Pool,
    show: Show = lambda _progress: None,
    keep: Keep = lambda _failure: None,
) -> Explored:
    """Everything, in order. ``keep`` gets the failures of a promise as soon as it is done with.

    A KeyboardInterrupt or an error ends the search, and what was found until then is told. An error at one promise leaves the
    others alone.
    """
    progress = Progress()
    trials: list[Trial] = []
    errors: list[Exception] = []
    began = time.monotonic()
    with _ending(progress, errors):
        _search(subjects, wanted, pool, progress, trials, show)
    searching_s = time.monotonic() - began
    trials.sort(key=lambda trial: (trial.seed, trial.variant))
    answers: list[Explained] = []
    if not progress.stopped:
        with _ending(progress, errors):
            _make_small(subjects, trials, pool, progress, answers, show, keep)
    answers.sort(key=lambda answer: answer.promise)
    possible = frozenset[str]().union(*(possible_in(subject.topology) for subject in subjects))
    findings = Findings(
        playbook=subjects[0].playbook,
        variants=tuple(subject.variant for subject in subjects),
        invariants={subject.variant: subject.invariants for subject in subjects},
        seeds=progress.seeds,
        trials=len(trials),
        failing=sum(bool(trial.violations) for trial in trials),
        failures=tuple(failure for answer in answers for failure in answer.failures),
        unexplained=tuple(_unexplained(trials, answers)),
        not_smaller={answer.promise: in_short(answer.error) for answer in answers if answer.error is not None},
        reached=dict(sorted(progress.reached.items())),
        never=tuple(sorted(word for word in possible if not progress.reached[word])),
        seconds=time.monotonic() - began,
        searching_s=searching_s,
        messages=progress.messages,
        complete=not progress.stopped,
        ended_by=in_short(errors[0]) if errors else "",
    )
    return Explored(findings=findings, errors=(*errors, *(answer.error for answer in answers if answer.error is not None)))


@contextmanager
def _ending(progress: Progress, errors: list[Exception]) -> Iterator[None]:
    """What is done within may end at any time: hours of findings are worth more than to go down with an error."""
    try:
        yield
    except KeyboardInterrupt:
        progress.stopped = True
    except Exception as error:
        progress.stopped = True
        errors.append(error)


def _unexplained(trials: Sequence[Trial], answers: Sequence[Explained]) -> Iterator[tuple[str, int]]:
    for answer in answers:
        yield from ((answer.promise, seed) for seed in answer.left)
    done = {answer.promise for answer in answers}
    for trial in trials:
        for violation in trial.violations:
            if (promise := f"{trial.variant}: {violation.invariant}") not in done:
                yield promise, trial.seed


def in_short(error: Exception) -> str:
    """A line of the first error in it; an error that is no message to a person has its kind in front."""
    first = next(leaves(error))
    line = str(first).partition("\n")[0]
    return line if isinstance(first, ChaosError) else f"{type(first).__name__}: {line}".removesuffix(": ")


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
        if number > 0 and wanted.for_s is not None and time.monotonic() - began >= wanted.for_s:
            return  # not before there was one seed: a search of nothing finds nothing, and would pass
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


def _make_small(
    subjects: Sequence[Subject],
    trials: Sequence[Trial],
    pool: Pool,
    progress: Progress,
    answers: list[Explained],
    show: Show,
    keep: Keep,
) -> None:
    """Add one to ``answers`` for each variant and promise, as they are done, side by side if there are workers."""
    failing: dict[tuple[str, str], list[int]] = {}
    for trial in trials:
        for violation in trial.violations:
            failing.setdefault((trial.variant, violation.invariant), []).append(trial.seed)
    of_variant = {subject.variant: subject for subject in subjects}
    tasks = [
        (explain_all, (of_variant[variant], invariant, tuple(seeds))) for (variant, invariant), seeds in sorted(failing.items())
    ]
    progress.stage = f"making {len(tasks)} broken {'promise' if len(tasks) == 1 else 'promises'} small"
    show(progress)
    for answer in pool.answers(tasks):
        answers.append(answer)
        progress.failures += len(answer.failures)
        for failure in answer.failures:
            keep(failure)
        show(progress)
        if answer.interrupted:
            raise KeyboardInterrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Of one promise of one variant: its name, the ways in which it is broken, and the seeds that were left over, for lack of
    room or because of an error or an interrupt."""

    promise: str
    failures: tuple[Failure, ...] = ()
    left: tuple[int, ...] = ()
    error: Exception | None = None
    interrupted: bool = False


def explain_all(subject: Subject, invariant: str, seeds: Sequence[int]) -> Explained:
    """All ways in which these seeds break one promise, and the seeds that were left over.

    A seed that keeps the promise once the faults of a known way are taken out of its plan is counted to that way; what still
    breaks it then is another, and is made small in turn, up to a bound. What was found before an error or an interrupt stays.
    """
    found: dict[str, Failure] = {}
    error: Exception | None = None
    interrupted = False
    try:
        for seed in seeds[:MOST_EXAMINED]:
            way = _way_of(subject, invariant, seed, found)
            if way is not None:
                found[way.name] = replace(way, seeds=(*way.seeds, seed))
    except KeyboardInterrupt:
        interrupted = True
    except Exception as raised:
        error = sendable(raised)
    counted = {seed for failure in found.values() for seed in failure.seeds}
    return Explained(
        promise=f"{subject.variant}: {invariant}",
        failures=tuple(found.values()),
        left=tuple(seed for seed in seeds if seed not in counted),
        error=error,
        interrupted=interrupted,
    )


def _way_of(subject: Subject, invariant: str, seed: int, found: Mapping[str, Failure]) -> Failure | None:
    """The way in which this seed breaks the promise, a known one or a new one without seeds; None: no room for it."""
    known, plan = _known(subject, invariant, plan_of(subject, seed), list(found.values()))
    if known is not None or len(found) >= MOST_FAILURES:
        return known
    failure = explained(subject, plan, invariant)
    return found.get(failure.name) or replace(failure, seeds=())


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
