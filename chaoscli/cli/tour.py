"""``chaos tour``: the lessons, one after the other."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli import words
from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


def tour(
    since: Annotated[
        str, typer.Option("--from", metavar="PLAYBOOK", help="Begin with this one.", autocompletion=playbook_names)
    ] = "",
    group: Annotated[str, typer.Option(metavar="TEXT", help="Only groups whose name has this in it, like pitfalls.")] = "",
    world: words.Worlds = words.World.REAL,
    seed: words.Seed = None,
    live: words.Live = False,
    plain: words.Plain = False,
    quiet: words.Quiet = False,
) -> None:
    """Play the whole course: each lesson is told, then played. A key goes on, s skips a lesson, q ends the tour.

    Where there is no terminal it plays on without keys. Exit code: the worst of the lessons that were played.
    """

    def verb() -> int:
        from chaoscli.cli.showing import show_of
        from chaoscli.cli.touring import Wanted, take_tour

        show = show_of(live=live, plain=plain, quiet=quiet)
        return take_tour(Wanted(since=since, group=group, world=world, seed=seed, show=show))

    guarded(verb)
