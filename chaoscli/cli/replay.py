"""``chaos replay``: show a recording again, as it happened, or make a run again that an exploration found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded
from chaoscli.cli.words import World


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `chaos run --record` or `chaos explore` wrote.")],
    speed: Annotated[float, typer.Option(min=0.01, max=1000.0, help="How many times as fast as it happened.")] = 1.0,
    since: Annotated[float, typer.Option("--from", metavar="SECONDS", help="Begin so long after the curtain.")] = 0.0,
    plain: Annotated[bool, typer.Option("--plain", help="Lines, all at once (a pipe's and CI's default).")] = False,
    live: Annotated[bool, typer.Option("--live", help="Redraw the timeline as it happened (a terminal's default).")] = False,
    world: Annotated[
        World, typer.Option(help="Of what `chaos explore` found: exactly so, simulated, or its plan on real processes.")
    ] = World.SIM,
    times: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="How often on real processes.")] = 3,
) -> None:
    """Show a recording again. Space pauses it, a full stop steps on, q goes to the end. Or make a run again that `chaos explore`
    found.

    Exit code: that of the run as it was recorded, or 1 if the promise is broken again; 2 the file is neither.
    """

    def verb() -> int:
        from chaoscli.cli.replayed import replay_file
        from chaoscli.cli.showing import show_of

        show = show_of(live=live, plain=plain, quiet=False)
        return replay_file(file, show=show, speed=speed, since_s=since, world=world, times=times)

    guarded(verb)
