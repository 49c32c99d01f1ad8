"""``chaos replay``: show a recording again, as it happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `chaos run --record FILE` wrote.")],
    speed: Annotated[float, typer.Option(min=0.01, max=1000.0, help="How many times as fast as it happened.")] = 1.0,
    since: Annotated[float, typer.Option("--from", metavar="SECONDS", help="Begin so long after the curtain.")] = 0.0,
    plain: Annotated[bool, typer.Option("--plain", help="Lines, all at once (a pipe's and CI's default).")] = False,
    live: Annotated[bool, typer.Option("--live", help="Redraw the timeline as it happened (a terminal's default).")] = False,
) -> None:
    """Show a recording again. Space pauses it, a full stop steps on, q goes to the end.

    Exit code: that of the run as it was recorded; 2 the file is no recording.
    """

    def verb() -> int:
        from chaoscli.cli.replayed import replay_file
        from chaoscli.cli.showing import show_of

        return replay_file(file, show=show_of(live=live, plain=plain, quiet=False), speed=speed, since_s=since)

    guarded(verb)
