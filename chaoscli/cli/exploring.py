"""What ``chaos explore`` does: search, write a file for every way to break a promise, show what was found."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.text import Text

from chaoscli.cli.output import Output
from chaoscli.cli.reproductions import Reproductions
from chaoscli.cli.streams import say
from chaoscli.errors import ExitCode, UsageError
from chaoscli.exploration import Failure, Findings, Plan, Subject
from chaoscli.explore.pool import InProcess, Pool, Processes
from chaoscli.explore.subject import left_aside, subjects_of
from chaoscli.explore.sweep import Progress, Wanted, explore
from chaoscli.explore.trial import as_run, run
from chaoscli.playbook.load import load_playbook
from chaoscli.recording import Header, RunRecording
from chaoscli.settings import to_plain
from chaoscli.units import UnitError, format_count, parse_duration
from chaoscli.views.exploration import ExplorationPage, Kept

USUAL_SEEDS = 200
# On a terminal the line moves; elsewhere a log gets one now and then.
REDRAW_S = 0.2
LOG_EVERY_S = 5.0
SHOWN_KINDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The words of the command. ``shard`` is (which, of how many), from 1."""

    name: str
    seeds: int | None = None
    for_time: str | None = None
    first: int = 0
    variants: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    invariants: tuple[str, ...] = ()
    jobs: int | None = None
    shard: tuple[int, int] = (1, 1)
    dask: str | None = None
    out: Path = Path("repro")
    json: bool = False


def explore_playbook(search: Search) -> int:
    wanted = _wanted(search)
    playbook = load_playbook(search.name, overrides=search.overrides, variants=search.variants)
    subjects = subjects_of(playbook, search.invariants)
    with Reproductions(search.out) as reproductions:
        with _pool(search, wanted) as pool, _Progress() as shown:
            explored = explore(subjects, wanted, pool, shown.show, reproductions.keep)
        findings = replace(explored.findings, left_aside=left_aside(playbook, search.invariants, subjects))
        files = [reproductions.file_of(failure) for failure in findings.failures]
    if search.json:
        say(json.dumps({**to_plain(findings), "files": files}, indent=2, ensure_ascii=False))
    else:
        Output().print(ExplorationPage(findings, _kept(findings, files)))
    _raise([*explored.errors, *reproductions.errors])
    if not findings.complete:
        return ExitCode.INTERRUPTED
    return ExitCode.VIOLATED if findings.failing else ExitCode.HELD


def _raise(errors: Sequence[Exception]) -> None:
    """What went wrong, if anything did, as one error."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup("went wrong while it searched", errors)


def share_of_seeds(text: str | None) -> tuple[int, int]:
    """``2/3`` as (2, 3)."""
    which, slash, parts = (text or "1/1").partition("/")
    if not (slash and which.isdecimal() and parts.isdecimal() and 1 <= int(which) <= int(parts)):
        raise UsageError(f"--shard is '{text}'", hint="write which part of how many, like 1/4, 2/4, 3/4 and 4/4")
    return int(which), int(parts)


def _wanted(search: Search) -> Wanted:
    """A part of the seeds is every so many-th of them: parts are of one length, and together they are the whole."""
    which, parts = search.shard
    for_s = None
    if search.for_time is not None:
        try:
            for_s = parse_duration(search.for_time)
        except UnitError as error:
            raise UsageError(f"--for: {error}") from None
        if for_s <= 0.0:
            raise UsageError(f"--for is '{search.for_time}'", hint="write how long to search, like 60s")
    count = search.seeds if search.seeds is not None or for_s is not None else USUAL_SEEDS
    if count is not None:
        count = len(range(which - 1, count, parts))
    return Wanted(first=search.first + which - 1, step=parts, count=count, for_s=for_s)


def _pool(search: Search, wanted: Wanted) -> AbstractContextManager[Pool]:
    if wanted.count == 0:  # a shard that is left without a seed needs no workers
        return InProcess()
    if search.dask is not None:
        from chaoscli.explore.dask_pool import DaskWorkers

        return DaskWorkers(search.dask)
    jobs = search.jobs or _cores()
    return InProcess() if jobs == 1 else Processes(jobs)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# -- what was found ----------------------------------------------------------------------------------------------------------


def _kept(findings: Findings, files: Sequence[str | None]) -> list[Kept]:
    """The first way to break each promise is shown whole; the others by their file."""
    kept: list[Kept] = []
    shown: set[tuple[str, str]] = set()
    for failure, file in zip(findings.failures, files, strict=True):
        promise = failure.subject.variant, failure.violation.invariant
        kept.append(Kept(file=file, run=None if promise in shown else recording_of(failure)))
        shown.add(promise)
    return kept


def recording_of(failure: Failure) -> RunRecording:
    """The run of its minimum, once more."""
    return as_run(run(failure.subject, failure.plan).recording, header_of(failure.subject, failure.plan))


def header_of(subject: Subject, plan: Plan) -> Header:
    return Header(
        playbook=subject.playbook, title=f"explored, {subject.variant}", seed=plan.seed, world="simulated",
        variants=(subject.variant,),
    )  # fmt: skip


# -- while it goes on --------------------------------------------------------------------------------------------------------


class _Progress(AbstractContextManager["_Progress"]):
    """A line on a terminal's stderr; in a log, one now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = Output(stderr=True)
        self._live: Live | None = None
        if self._console.is_terminal and sys.stderr.isatty() and not os.environ.get("CI"):
            self._live = Live(Text(""), console=self._console, auto_refresh=False, transient=True)
        self._clock = clock
        self._shown_at = clock()

    def __enter__(self) -> _Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, progress: Progress) -> None:
        now = self._clock()
        if now - self._shown_at < (REDRAW_S if self._live is not None else LOG_EVERY_S):
            return
        self._shown_at = now
        line = Text(progress_line(progress), overflow="ellipsis", no_wrap=True)
        if self._live is not None:
            self._live.update(line, refresh=True)
        else:
            self._console.print(line, soft_wrap=True)  # a log's line is as long as it is: without this it is folded at 80


def progress_line(progress: Progress) -> str:
    """``searching: 240 seeds, 31.2 a second, 3 runs broke a promise: retry: no double charge 3x``."""
    said = f"{progress.stage}: {format_count(progress.seeds, 'seed')}, {progress.seeds_per_s:.1f} a second"
    if not progress.failing:
        return f"{said}, no promise broken; reached {format_count(len(progress.reached), 'kind')} of events"
    kinds = ", ".join(f"{kind} {count}x" for kind, count in progress.kinds.most_common(SHOWN_KINDS))
    ways = f", {format_count(progress.failures, 'way')} so far" if progress.failures else ""
    return f"{said}, {format_count(progress.failing, 'run')} broke a promise{ways}: {kinds}"
