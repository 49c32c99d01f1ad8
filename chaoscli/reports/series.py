"""What a command played, as values: playbooks, the takes of each, the attempts at each take. Reports and views draw it.

A take is one seed's worth; ``--repeat`` asks for several. An attempt is one playing; ``--retries`` allows for several. The
last attempt decides what becomes of its take, and a take that needed more than one to hold is flaky.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaoscli.checks.baseline import Compared
from chaoscli.errors import ChaosError, ExitCode
from chaoscli.outcome import Check, Outcome

WORDS = {
    ExitCode.HELD: "held",
    ExitCode.VIOLATED: "violated",
    ExitCode.USAGE: "wrong",
    ExitCode.NOT_MADE: "not made",
    ExitCode.BUG: "a bug",
    ExitCode.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One playing: its outcome, what kept it from being made (if anything), and the command that does it again."""

    outcome: Outcome
    repeat: str
    error: ChaosError | None = None
    digest: str = ""
    took_s: float = 0.0

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.NOT_MADE if self.error else self.outcome.exit_code

    @property
    def judged(self) -> bool:
        """An interrupted run, and one that could not be made as asked, have no verdict."""
        return self.exit_code in (ExitCode.HELD, ExitCode.VIOLATED)

    @property
    def trouble(self) -> str:
        """Why there is no verdict; empty when there is one."""
        if self.error is not None:
            return self.error.render()
        if self.exit_code is ExitCode.INTERRUPTED:
            return "interrupted"
        return "\n".join(f"{one.variant}: {one.text}" if one.variant else one.text for one in self.outcome.problems)


@dataclass(frozen=True, slots=True)
class Take:
    """All attempts at one seed, in order; there is at least one."""

    attempts: tuple[Attempt, ...]

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def exit_code(self) -> ExitCode:
        return self.last.exit_code

    @property
    def flaky(self) -> bool:
        return len(self.attempts) > 1 and self.exit_code is ExitCode.HELD

    @property
    def took_s(self) -> float:
        return sum(one.took_s for one in self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One playbook that was named. ``name`` is its own among the entries; ``file`` is where it is written, and ``lines`` the
    line there of each expectation as it is written. ``wrong`` is why it could not even be read; one without takes that is
    not wrong was not played. ``compared`` is what the baseline said, if there is one."""

    name: str
    title: str = ""
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    takes: tuple[Take, ...] = ()
    wrong: ChaosError | None = None
    compared: Compared | None = None

    @property
    def played(self) -> bool:
        return bool(self.takes)

    @property
    def exit_code(self) -> ExitCode:
        """The worst of its takes; HELD for what was not played, because that says nothing."""
        if self.wrong is not None:
            return ExitCode(self.wrong.exit_code)
        worse = ExitCode.VIOLATED if self.compared is not None and self.compared.worse else ExitCode.HELD
        return max((worse, *(take.exit_code for take in self.takes)))

    @property
    def flaky(self) -> bool:
        return self.exit_code is ExitCode.HELD and any(take.flaky for take in self.takes)

    @property
    def word(self) -> str:
        """How it ended, in a word or two."""
        if self.wrong is None and not self.played:
            return "not played"
        return "flaky" if self.flaky else WORDS[self.exit_code]

    @property
    def took_s(self) -> float:
        return sum(take.took_s for take in self.takes)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check that has a verdict, take after take."""
        return tuple(check for take in self.takes if take.last.judged for check in take.last.outcome.checks)

    def suffix(self, take: Take) -> str:
        """What tells this take from the others; empty when it is the only one."""
        return f" [seed {take.last.outcome.seed}]" if len(self.takes) > 1 else ""


@dataclass(frozen=True, slots=True)
class Series:
    """Everything one command played, in the order it was named."""

    entries: tuple[Entry, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The worst of all."""
        return max((entry.exit_code for entry in self.entries), default=ExitCode.HELD)

    @property
    def headline(self) -> str:
        """How many ended how: ``3 playbooks: 2 held, 1 violated``."""
        words = [entry.word for entry in self.entries]
        counted = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words, key=_rank)))
        return f"{len(words)} playbook{'' if len(words) == 1 else 's'}: {counted}"


def sentence(check: Check) -> str:
    """The sentence as it was asked of one variant: ``naive: success > 90%``."""
    return f"{check.variant}: {check.text}" if check.variant else check.text


def blame(check: Check) -> tuple[str, ...]:
    """Why it does not hold, beyond the numbers."""
    few = ", ".join(check.guilty[:3])
    more = f" and {len(check.guilty) - 3} more" if len(check.guilty) > 3 else ""
    return tuple(line for line in (check.reason, f"by {few}{more}" if few else "") if line)


def own_names(names: list[str], files: list[str]) -> list[str]:
    """A name for each that no other has: the playbook's own, with its file where two are called the same, numbered at last."""
    told = [name if names.count(name) == 1 else f"{name} ({file})" for name, file in zip(names, files, strict=True)]
    return [name if told.count(name) == 1 else f"{name} #{told[: place + 1].count(name)}" for place, name in enumerate(told)]


def _rank(word: str) -> int:
    order = ["held", "flaky", *(said for said in WORDS.values() if said != "held"), "not played"]
    return order.index(word)
