"""What ``chaos run`` does: load every playbook, play one after the other in the world that was chosen, compare, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import trio

from chaoscli.cli.attempting import attempting
from chaoscli.cli.baselines import Baseline, compared, read_baseline, save_baseline
from chaoscli.cli.casting import Casting, Named, Wanted, casting
from chaoscli.cli.naming import load_named
from chaoscli.cli.options import Options
from chaoscli.cli.performing import perform_real
from chaoscli.cli.reporting import claim_files, report, report_files
from chaoscli.cli.simulating import perform_simulated
from chaoscli.errors import ExitCode
from chaoscli.reports.series import Attempt, Entry, Series
from chaoscli.worlds.processes import Spawner, open_spawner


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
        plays = _casting(options)
        try:
            wanted = next(plays)
            while True:
                wanted = plays.send(await _attempt_real(wanted, options, spawner))
        except StopIteration as over:
            entries: tuple[Entry, ...] = over.value
    return entries


def _play_simulated(options: Options) -> tuple[Entry, ...]:
    """The same in virtual time; shown once it is over, by lines or as a replay."""
    plays = _casting(options)
    try:
        wanted = next(plays)
        while True:
            wanted = plays.send(_attempt_simulated(wanted, options))
    except StopIteration as over:
        entries: tuple[Entry, ...] = over.value
        return entries


async def _attempt_real(wanted: Wanted, options: Options, spawner: Spawner) -> Attempt:
    with attempting(wanted, options) as this:
        this.error = await perform_real(wanted.playbook, wanted.seed, this.recorder, spawner, show=options.show)
    return this.attempt


def _attempt_simulated(wanted: Wanted, options: Options) -> Attempt:
    with attempting(wanted, options) as this:
        this.error = perform_simulated(wanted.playbook, wanted.seed, this.recorder, show=options.show)
    return this.attempt


def _casting(options: Options) -> Casting:
    named = load_named(options)
    wrong = [one.wrong for one in named if one.wrong is not None]
    if wrong:
        _report_wrong(named, options)
        raise wrong[0] if len(wrong) == 1 else ExceptionGroup("playbooks are wrong", wrong)
    return casting(named, options)


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
