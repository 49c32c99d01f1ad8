"""``chaos run``: play playbooks, show them, judge them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


class Show(StrEnum):
    """How a run is shown while it goes on."""

    LIVE = "live"
    PLAIN = "plain"
    QUIET = "quiet"


class World(StrEnum):
    """Where it plays."""

    REAL = "real"
    SIM = "sim"


def run(
    names: Annotated[
        list[str], typer.Argument(metavar="PLAYBOOK", help="Names from `chaos list`, or files.", autocompletion=playbook_names)
    ],
    world: Annotated[
        World, typer.Option(help="real: processes and sockets; sim: virtual time, over in a moment, exact by seed.")
    ] = World.REAL,
    seed: Annotated[int | None, typer.Option(help="All dice and arrivals follow from it.")] = None,
    variant: Annotated[list[str] | None, typer.Option(help="Play only this variant; may be repeated.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override anything, like shoppers.rate=10/s; may be repeated."),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Redraw the timeline while it plays (a terminal's default).")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live screen (a pipe's and CI's default).")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the verdict.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document of the outcome on stdout, and nothing else there.")
    ] = False,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every event as JSON lines.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the final picture as SVG.")] = None,
) -> None:
    """Play playbooks: services start, load arrives, faults come and go, the timeline draws, expectations are judged.

    Exit code: 0 every expectation held, 1 one was violated, 2 the command or a playbook is wrong, 3 the run could not be
    made, 4 a bug in chaoscli, 130 interrupted.
    """

    def verb() -> int:
        from chaoscli.cli.playing import Options, play_all

        show = show_of(live=live, plain=plain, quiet=quiet, usually_live=world is World.REAL)
        options = Options(
            names=tuple(names), world=world, seed=seed, variants=tuple(variant or ()), overrides=tuple(set_ or ()),
            show=show, json=json, record=record, svg=svg,
        )  # fmt: skip
        return play_all(options)

    guarded(verb)


def show_of(*, live: bool, plain: bool, quiet: bool, usually_live: bool = True) -> str:
    """The stated way, or the one that suits where the output goes. What is over in a moment is not usually live."""
    from chaoscli.errors import UsageError

    stated = [show for show, wanted in ((Show.LIVE, live), (Show.PLAIN, plain), (Show.QUIET, quiet)) if wanted]
    if len(stated) > 1:
        raise UsageError(f"--{stated[0]} and --{stated[1]} do not go together")
    if stated:
        return stated[0]
    return Show.LIVE if usually_live and _is_screen() else Show.PLAIN


def _is_screen() -> bool:
    """Decided from the terminal itself: FORCE_COLOR may ask for colours, but redrawing ruins a log."""
    import os

    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM", "") not in ("", "dumb")
