"""``chaos report``: write reports from recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli import words
from chaoscli.cli.guard import guarded


def report(
    files: Annotated[list[Path], typer.Argument(metavar="RECORDING", help="What `chaos run --record FILE` wrote.")],
    html: words.Html = None,
    md: words.Md = None,
    junit: words.Junit = None,
    svg: words.Svg = None,
    json: words.Json = False,
) -> None:
    """Write down recorded runs as `chaos run` would have: a page of HTML or Markdown, JUnit XML, JSON, a picture.

    Without any of these the end of each run is printed again. Exit code: that of the runs as they were recorded; 2 for what is
    no recording.
    """

    def verb() -> int:
        from chaoscli.cli.reported import Wanted, report_recordings

        return report_recordings(Wanted(files=tuple(files), html=html, markdown=md, junit=junit, svg=svg, json=json))

    guarded(verb)
