"""What ``chaos run`` does: load every playbook, play one after the other in the world that was chosen, compare, report."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import trio

from chaoscli.cli.attempting import Attempting, attempting
from chaoscli.cli.baselines import Baseline, compared, read_baseline, save_baseline
from chaoscli.cli.casting import Casting, Named, Wanted, casting, firsts
from chaoscli.cli.made import Made
from chaoscli.cli.naming import load_named
from chaoscli.cli.options import Options
from chaoscli.cli.performing import perform_real
from chaoscli.cli.reporting import claim_files, report, report_files
from chaoscli.cli.side_by_side import SideBySide, side_by_side
from chaoscli.cli.simulating import perform_simulated, show_recording
from chaoscli.errors import ExitCode
from chaoscli.reports.series import Attempt, Entry, Series
from chaoscli.worlds.processes import Spawner, open_spawner

if TYPE_CHECKING:
    from chaoscli.cli.ahead import Ahead


def play_all(options: Options) -> int:
    """Play everything asked for; the worst exit code of all."""
    claim_files(options)
    baseline = read_baseline(options.baseline) if options.baseline is not None else None
    entries = trio.run(_play_real, options) if options.world == "real" else _play_simulated(options)
    series = _compared(Series(entries), baseline, options)
    return report(series, options)


async def _play_real(options: Options) -> tuple[Entry, ...]:
    # The warm parent imports what it needs while the playbooks are being read.
    async with open_spawner() as spawner:
        named = _named(options)
        upcoming = firsts(named, options)
        jobs = min(options.jobs or 1, len(upcoming))
        if jobs < 2:
            return await _conducted(casting(named, options), partial(_attempt_real, options=options, spawner=spawner))
        async with side_by_side(upcoming, spawner, jobs, options.environment) as plays:
            again = partial(_attempt_real, options=options, spawner=spawner)
            return await _conducted(casting(named, options), partial(_attempt_made, options=options, plays=plays, again=again))


async def _conducted(plays: Casting, attempt: Callable[[Wanted], Awaitable[Attempt]]) -> tuple[Entry, ...]:
    try:
        wanted = next(plays)
        while True:
            wanted = plays.send(await attempt(wanted))
    except StopIteration as over:
        entries: tuple[Entry, ...] = over.value
    return entries


async def _attempt_real(wanted: Wanted, options: Options, spawner: Spawner) -> Attempt:
    with attempting(wanted, options) as this:
        this.error = await perform_real(
            wanted.playbook, wanted.seed, this.recorder, spawner, show=options.show, environment=options.environment
        )
    return this.attempt


async def _attempt_made(
    wanted: Wanted, options: Options, plays: SideBySide, again: Callable[[Wanted], Awaitable[Attempt]]
) -> Attempt:
    """What has been made at the side of others; who has to try again does so before everybody's eyes."""
    if wanted.attempt > 1:
        return await again(wanted)
    made = await plays.take()
    with attempting(wanted, options) as this:
        _show_made(this, made, options)
    return this.attempt


def _play_simulated(options: Options) -> tuple[Entry, ...]:
    """The same in virtual time; shown once it is over, by lines or as a replay."""
    named = _named(options)
    upcoming = firsts(named, options)
    jobs = min(options.jobs or os.cpu_count() or 1, len(upcoming))
    plays = casting(named, options)
    with _made_ahead(upcoming, jobs) if jobs > 1 else nullcontext() as ahead:
        try:
            wanted = next(plays)
            while True:
                wanted = plays.send(_attempt_simulated(wanted, options, ahead))
        except StopIteration as over:
            entries: tuple[Entry, ...] = over.value
            return entries


def _made_ahead(upcoming: Sequence[Wanted], jobs: int) -> AbstractContextManager[Ahead]:
    from chaoscli.cli.ahead import made_ahead  # what it needs to start processes is of no use to anybody else

    return made_ahead(upcoming, jobs)


def _attempt_simulated(wanted: Wanted, options: Options, ahead: Ahead | None) -> Attempt:
    made = ahead.take() if ahead is not None else None
    with attempting(wanted, options) as this:
        if made is not None:
            _show_made(this, made, options)
        else:
            this.error = perform_simulated(wanted.playbook, wanted.seed, this.recorder, show=options.show)
    return this.attempt


def _show_made(this: Attempting, made: Made, options: Options) -> None:
    """As it would have been shown while it went on, without the waiting of a real one."""
    made.tell(this.recorder)
    this.error, this.took_s = made.error, made.took_s
    show_recording(this.recorder.recording, "plain" if options.show == "live" and options.world == "real" else options.show)


def _named(options: Options) -> tuple[Named, ...]:
    """All of them can be played; else every problem is raised, and reported."""
    named = load_named(options)
    wrong = [one.wrong for one in named if one.wrong is not None]
    if wrong:
        _report_wrong(named, options)
        raise wrong[0] if len(wrong) == 1 else ExceptionGroup("playbooks are wrong", wrong)
    return named


def _report_wrong(named: Sequence[Named], options: Options) -> None:
    """A page of CI that says what is wrong is worth more than one that is missing; the rest is for stderr."""
    series = Series(tuple(Entry(name=one.name, file=one.file, wrong=one.wrong) for one in named))
    for write in report_files(series, options):
        write()


def _compared(series: Series, baseline: Baseline | None, options: Options) -> Series:
    """With what the baseline says, if there is one; and kept as one, if that is asked for and everything held."""
    if baseline is not None:
        series = compared(series, baseline, worse_by=options.worse_by)
    if options.save_baseline is not None:
        if series.exit_code is ExitCode.HELD:
            save_baseline(options.save_baseline, series)
        else:
            print("chaos: no baseline was saved: what did not hold is none", file=sys.stderr)
    return series
