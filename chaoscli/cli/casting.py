"""Which run comes next: every playbook, every take, every attempt, decided by how the ones before it ended.

The decisions are a generator that is sent each attempt as it ends, so that the real world may wait for it, the simulated
one return at once, and a test answer from a table.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chaoscli.cli.options import Options
from chaoscli.errors import ChaosError, ExitCode
from chaoscli.playbook.meaning import Playbook
from chaoscli.reports.series import Attempt, Entry, Take

# A number everybody gets unless they ask for another, so that two people who run the same lesson see the same dice.
DEFAULT_SEED = 1
# What may go another way at another time; a mistake in the command does not.
TRIED_AGAIN = (ExitCode.VIOLATED, ExitCode.NOT_MADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One playbook of the command line: ``word`` as it was named there, ``name`` its own among all; ``wrong`` if it cannot be
    played, and then there is no ``playbook``."""

    word: str
    name: str
    file: str
    lines: Mapping[str, int] = field(default_factory=dict)
    playbook: Playbook | None = None
    wrong: ChaosError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One attempt to be made, the first or a later one at the same seed. ``note`` says which it is, when there are several."""

    word: str
    playbook: Playbook
    seed: int
    note: str = ""
    attempt: int = 1


Casting = Generator[Wanted, Attempt, tuple[Entry, ...]]


def casting(named: Sequence[Named], options: Options) -> Casting:
    """Yields what to play, is sent how it went, returns everything."""
    entries: list[Entry] = []
    for one in named:
        takes: tuple[Take, ...] = ()
        if one.playbook is not None and not _over(entries, options):
            takes = yield from _takes(one.word, one.playbook, options)
        title = one.playbook.title if one.playbook is not None else ""
        entries.append(Entry(name=one.name, title=title, file=one.file, lines=one.lines, takes=takes, wrong=one.wrong))
    return tuple(entries)


def firsts(named: Sequence[Named], options: Options) -> tuple[Wanted, ...]:
    """The first attempts at everything, in order: what is wanted if all holds. ``casting`` wants these, or fewer of them."""
    return tuple(wanted for one in named if one.playbook is not None for wanted in _of_takes(one.word, one.playbook, options))


def _over(entries: Sequence[Entry], options: Options) -> bool:
    codes = {entry.exit_code for entry in entries}
    return ExitCode.INTERRUPTED in codes or (options.fail_fast and any(codes))


def _takes(word: str, playbook: Playbook, options: Options) -> Generator[Wanted, Attempt, tuple[Take, ...]]:
    takes: list[Take] = []
    for wanted in _of_takes(word, playbook, options):
        takes.append((yield from _attempts(wanted, options)))
        code = takes[-1].exit_code
        if code is ExitCode.INTERRUPTED or (code and options.fail_fast):
            break
    return tuple(takes)


def _of_takes(word: str, playbook: Playbook, options: Options) -> Iterator[Wanted]:
    """Each take has a seed of its own, one more than the one before: the same dice twice would be no second opinion."""
    first = next(seed for seed in (options.seed, playbook.seed, DEFAULT_SEED) if seed is not None)
    for number in range(options.repeat):
        note = f"run {number + 1} of {options.repeat}, seed {first + number}" if options.repeat > 1 else ""
        yield Wanted(word=word, playbook=playbook, seed=first + number, note=note)


def _attempts(wanted: Wanted, options: Options) -> Generator[Wanted, Attempt, Take]:
    attempts = [(yield wanted)]
    while attempts[-1].exit_code in TRIED_AGAIN and len(attempts) < options.attempts:
        number = len(attempts) + 1
        attempts.append((yield replace(wanted, note=f"attempt {number} of {options.attempts}", attempt=number)))
    return Take(tuple(attempts))
