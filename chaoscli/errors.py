"""What goes wrong, how it reads, and what the command exits with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes a user can rely on."""

    HELD = 0
    VIOLATED = 1
    USAGE = 2
    NOT_MADE = 3
    BUG = 4
    INTERRUPTED = 130


class ChaosError(Exception):
    """Something a person can mend. ``hint`` is the way out; both are lower-case sentences without a full stop."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(hint)  # where nobody renders it: a program's traceback, a test's report

    def render(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(ChaosError):
    """The command's own words are off."""


class NotMadeError(ChaosError):
    """The run could not be made: a port, a program, a service that did not start or did not stay."""

    exit_code = ExitCode.NOT_MADE


# A line of a text is shown up to here: longer ones are data, and a hundred problems of them would be megabytes.
LONGEST_LINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a text: line and column count from 1; ``width`` is how many characters are meant."""

    file: str
    line: int
    column: int
    width: int = 1
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a text someone wrote: what, where, and the way out."""

    message: str
    place: Place
    hint: str = ""

    def render(self) -> str:
        """Three lines: the message behind its place, the line, and a caret with the hint.

        Example::

            storm.yaml:4:19: unknown fault kind 'latncy'
              4 |     fault: {kind: latncy, latency: 200ms}
                |                   ^~~~~~  did you mean 'latency'?
        """
        place = self.place
        gutter = f"{place.line:>3}"
        text, column, width = _window(place)
        caret = "^" + "~" * (width - 1)
        under = f"{' ' * (column - 1)}{caret}" + (f"  {self.hint}" if self.hint else "")
        return f"{place}: {self.message}\n{gutter} | {text}\n{' ' * len(gutter)} | {under}"


def _window(place: Place) -> tuple[str, int, int]:
    """The part of the line worth showing, and where in it the caret stands and how wide it is."""
    # Tabs would move the caret; they are one column wide here as in the text.
    text = place.text.replace("\t", " ")
    if len(text) <= LONGEST_LINE:
        return text, place.column, place.width
    start = max(0, min(place.column - 1 - LONGEST_LINE // 3, len(text) - LONGEST_LINE))
    shown = text[start : start + LONGEST_LINE]
    column = place.column - start
    return shown, column, max(1, min(place.width, len(shown) - column + 1))


class PlaybookError(ChaosError):
    """Every problem of one playbook, in the order of its lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.place.file, one.place.line, one.place.column)))
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in {self.problems[0].place.file}")
        self.add_note("\n".join(one.render() for one in self.problems))

    def render(self) -> str:
        return "\n".join([*(one.render() for one in self.problems), self.message])


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors themselves, without the groups that nurseries wrap around them, first things first."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error
