"""Writes what was played where it was asked for: JUnit and Markdown files, GitHub's annotations and summary, JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rich.text import Text

from chaoscli.cli.options import Options
from chaoscli.cli.output import Output
from chaoscli.cli.streams import say
from chaoscli.errors import ChaosError, NotMadeError
from chaoscli.playbook.course import group_of
from chaoscli.reports.github import commands, summary
from chaoscli.reports.junit import junit
from chaoscli.reports.markdown import markdown
from chaoscli.reports.series import Series
from chaoscli.reports.series_json import series_document
from chaoscli.views.closing import Closing, again, headline
from chaoscli.views.glyphs import STYLES, glyphs_for

SUMMARY_FILE = "GITHUB_STEP_SUMMARY"


def claim_files(options: Options) -> None:
    """Better to say now than after the run that a file cannot be written; and a report of yesterday never passes for today's."""
    for file in (options.junit, options.markdown):
        if file is not None:
            _written(file, lambda path: path.write_text("", encoding="utf-8"))
    if options.save_baseline is not None:
        _written(options.save_baseline, lambda path: path.open("a").close())


def report(series: Series, options: Options) -> int:
    """Every report that was asked for; the exit code, which is another when one could not be written."""
    if options.json:
        say(json.dumps(series_document(series), indent=2, ensure_ascii=False))
    elif _has_more_to_say(series):
        _close(series)
    failed = [error for error in _attempted(report_files(series, options)) if error is not None]
    for error in failed:
        print(f"chaos: {error.render()}", file=sys.stderr)
    return max(series.exit_code, *(one.exit_code for one in failed), 0)


def _close(series: Series) -> None:
    console = Output()
    console.print(Closing(series, group_of))
    commands_again = list(again(series))
    if commands_again:
        console.print(Text("\nagain", STYLES["title"]))
    for command in commands_again:
        console.print(Text(f"  {command}"), soft_wrap=True)  # in one line, however long: it is there to be copied
    console.print()
    console.print(headline(series, glyphs_for(console)))


def _has_more_to_say(series: Series) -> bool:
    """One run of one playbook has said everything itself."""
    entry = series.entries[0]
    attempts = sum(len(take.attempts) for one in series.entries for take in one.takes)
    return len(series.entries) > 1 or attempts > 1 or entry.compared is not None


def report_files(series: Series, options: Options) -> Iterator[Callable[[], None]]:
    """What there is to write beside stdout, each to be called."""
    for file, text_of in ((options.junit, junit), (options.markdown, markdown)):
        if file is not None:
            yield partial(_write_report, file, text_of, series)
    if options.github:
        yield partial(_annotate, series, on_stderr=options.json)


def write_text(file: Path, text: str) -> None:
    """NotMadeError when it cannot be written."""
    _written(file, lambda path: path.write_text(text, encoding="utf-8"))


def _write_report(file: Path, text_of: Callable[[Series], str], series: Series) -> None:
    write_text(file, text_of(series))


def _attempted(writers: Iterator[Callable[[], None]]) -> Iterator[ChaosError | None]:
    for write in writers:
        try:
            write()
            yield None
        except NotMadeError as error:
            yield error


def _annotate(series: Series, *, on_stderr: bool) -> None:
    """GitHub reads both streams; JSON has stdout for itself."""
    for command in commands(series):
        if on_stderr:
            print(command, file=sys.stderr)
        else:
            say(command)
    file = os.environ.get(SUMMARY_FILE)
    if file:
        _written(Path(file), lambda path: _append(path, summary(series)))


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as opened:
        opened.write(text)


def _written(file: Path, write: Callable[[Path], object]) -> None:
    try:
        write(file)
    except OSError as error:
        raise NotMadeError(f"'{file}' cannot be written: {(error.strerror or str(error)).lower()}") from None
