"""GitHub's workflow commands: an annotation at the line of every expectation that did not hold, and the step's summary.

"Workflow commands for GitHub Actions": ``::error file=F,line=N,title=T::message``, with % CR LF escaped, and : and , as well
inside a property. A step shows ten errors and ten warnings, and its summary may have one MiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chaoscli.errors import PlaybookError
from chaoscli.outcome import Check
from chaoscli.reports.characters import clean
from chaoscli.reports.markdown import markdown
from chaoscli.reports.series import Attempt, Entry, Series, blame, sentence

# GitHub shows no more of one level from one step; the last says how many are missing.
MOST_ANNOTATIONS = 10
# 1 MiB, less what a multi-byte character at the cut and the sentence after it take.
LONGEST_SUMMARY = 2**20 - 200

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    level: Level
    title: str
    message: str
    file: str = ""
    line: int | None = None
    column: int | None = None

    def command(self) -> str:
        """The line that GitHub reads."""
        properties = {"file": self.file, "line": self.line, "col": self.column, "title": self.title}
        said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
        return f"::{self.level} {said}::{_data(self.message)}"


def commands(series: Series) -> list[str]:
    """The commands, one line each: at most ten errors and ten warnings."""
    found = [one for entry in series.entries for one in _of_entry(entry)]
    return [*_bounded(found, "error"), *_bounded(found, "warning")]


def summary(series: Series) -> str:
    """Markdown for ``$GITHUB_STEP_SUMMARY``, cut where GitHub would refuse it."""
    text = markdown(series)
    encoded = text.encode()
    if len(encoded) <= LONGEST_SUMMARY:
        return text
    return encoded[:LONGEST_SUMMARY].decode(errors="ignore").rpartition("\n")[0] + "\n\nThe rest is too long to be shown here.\n"


def _bounded(found: list[Annotation], level: Level) -> list[str]:
    alike = [one for one in found if one.level == level]
    if len(alike) <= MOST_ANNOTATIONS:
        return [one.command() for one in alike]
    kept = [one.command() for one in alike[: MOST_ANNOTATIONS - 1]]
    more = f"{len(alike) - len(kept)} more; the step's summary has all of them"
    return [*kept, Annotation(level=level, title="chaos", message=more).command()]


def _of_entry(entry: Entry) -> Iterator[Annotation]:
    if isinstance(entry.wrong, PlaybookError):
        for problem in entry.wrong.problems:
            place, hint = problem.place, f"\n{problem.hint}" if problem.hint else ""
            yield Annotation(
                level="error", title=f"{entry.name} is wrong", message=problem.message + hint, file=place.file, line=place.line,
                column=place.column,
            )  # fmt: skip
    elif entry.wrong is not None:
        yield Annotation(level="error", title=f"{entry.name} is wrong", message=entry.wrong.render(), file=entry.file)
    for take in entry.takes:
        yield from _of_attempt(entry, take.last)
        if take.flaky:
            message = f"held only at attempt {len(take.attempts)} of {len(take.attempts)}\n{take.last.repeat}"
            yield Annotation(level="warning", title=f"{entry.name} is flaky", message=message, file=entry.file)
    for worse in entry.compared.worse if entry.compared else ():
        yield Annotation(level="error", title=f"{entry.name} got worse", message=str(worse), file=entry.file)


def _of_attempt(entry: Entry, attempt: Attempt) -> Iterator[Annotation]:
    if not attempt.judged:
        message = f"{attempt.trouble}\n{attempt.repeat}"
        yield Annotation(level="error", title=f"{entry.name} could not be made", message=message, file=entry.file)
        return
    for check in attempt.outcome.broken:
        message = "\n".join([f"{sentence(check)}, measured {check.shown}" if check.shown else sentence(check), *blame(check)])
        yield Annotation(
            level="error", title=f"{entry.name}: {check.kind} did not hold", message=f"{message}\n{attempt.repeat}",
            file=entry.file, line=_line_of(entry, check),
        )  # fmt: skip


def _line_of(entry: Entry, check: Check) -> int | None:
    return entry.lines.get(check.written or check.text)


def _data(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
