"""What ``chaos report`` does: recordings judged by the expectations they carry, and written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaoscli.cli.attempting import SVG_WIDTH
from chaoscli.cli.output import Output
from chaoscli.cli.recordings import read_file, series_of
from chaoscli.cli.reporting import write_text
from chaoscli.cli.streams import say
from chaoscli.errors import UsageError
from chaoscli.recording import RunRecording
from chaoscli.reports.html import page
from chaoscli.reports.junit import junit
from chaoscli.reports.markdown import markdown
from chaoscli.reports.series import Attempt, Series
from chaoscli.reports.series_json import series_document
from chaoscli.views.final import Ending, Final
from chaoscli.views.svg import svg_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which recordings, and what is to be written of them. A page and a picture are of one run."""

    files: tuple[Path, ...]
    html: Path | None = None
    markdown: Path | None = None
    junit: Path | None = None
    svg: Path | None = None
    json: bool = False

    def __post_init__(self) -> None:
        for flag, file in (("--html", self.html), ("--svg", self.svg)):
            if file is not None and len(self.files) > 1:
                raise UsageError(f"{flag} takes the file of one run, and {len(self.files)} recordings were named")


def report_recordings(wanted: Wanted) -> int:
    """The worst exit code of the runs. UsageError for what is no recording, NotMadeError for what cannot be written."""
    runs = [read_file(file) for file in wanted.files]
    series = series_of(wanted.files, runs)
    written = [(file, text_of) for file, text_of in _texts(wanted, runs, series) if file is not None]
    for file, text_of in written:
        write_text(file, text_of())
    if wanted.json:
        say(json.dumps(series_document(series), indent=2, ensure_ascii=False))
    elif not written:
        console = Output()
        for entry, run in zip(series.entries, runs, strict=True):
            console.print(_final(run, entry.takes[0].last))
    return series.exit_code


def _texts(wanted: Wanted, runs: list[RunRecording], series: Series) -> list[tuple[Path | None, Callable[[], str]]]:
    run, attempt = runs[0], series.entries[0].takes[0].last
    return [
        (wanted.html, lambda: page(run, attempt.outcome, repeat=attempt.repeat, trouble=attempt.trouble)),
        (wanted.svg, lambda: svg_of(_final(run, attempt), width=SVG_WIDTH, title=f"chaos run {run.header.playbook}")),
        (wanted.markdown, lambda: markdown(series)),
        (wanted.junit, lambda: junit(series)),
    ]


def _final(run: RunRecording, attempt: Attempt) -> Final:
    return Final(run, attempt.outcome, Ending(repeat=attempt.repeat, exit_code=attempt.exit_code))
