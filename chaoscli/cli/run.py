"""``chaos run``: play playbooks, show them, judge them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded

_CI = "In CI"


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
        list[str] | None,
        typer.Argument(metavar="PLAYBOOK", help="Names from `chaos list`, or files.", autocompletion=playbook_names),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Play every playbook that is shipped.")] = False,
    world: Annotated[
        World, typer.Option(help="real: processes and sockets; sim: virtual time, over in a moment, exact by seed.")
    ] = World.REAL,
    seed: Annotated[int | None, typer.Option(min=0, max=2**53, help="All dice and arrivals follow from it.")] = None,
    variant: Annotated[list[str] | None, typer.Option(help="Play only this variant; may be repeated.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Set a parameter or override anything, like shoppers.rate=10/s; may be repeated."
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Redraw the timeline while it plays (a terminal's default).")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live screen (a pipe's and CI's default).")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the verdict.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document of the outcome on stdout, and nothing else there.")
    ] = False,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every event as JSON lines.")] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Play nothing: print who would start, and what to expect when.")] = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the final picture as SVG.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.", rich_help_panel=_CI)] = None,
    md: Annotated[
        Path | None, typer.Option("--md", metavar="FILE", help="Write a page of Markdown.", rich_help_panel=_CI)
    ] = None,
    github: Annotated[
        bool | None,
        typer.Option(
            "--github/--no-github",
            help="Annotations and a step summary; by itself where GITHUB_ACTIONS is true.",
            show_default=False,
            rich_help_panel=_CI,
        ),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Play nothing after the first that does not hold.", rich_help_panel=_CI)
    ] = False,
    repeat: Annotated[
        int, typer.Option(metavar="N", help="Play each N times, seed after seed, and show the spread.", rich_help_panel=_CI)
    ] = 1,
    retries: Annotated[
        int, typer.Option(metavar="N", help="Try a real run again up to N times; what then holds is flaky.", rich_help_panel=_CI)
    ] = 0,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Fail when a measure is worse than there.", rich_help_panel=_CI)
    ] = None,
    save_baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the measures, if everything held.", rich_help_panel=_CI)
    ] = None,
    worse_by: Annotated[
        str, typer.Option(metavar="SHARE", help="How much worse a measure may be than in the baseline.", rich_help_panel=_CI)
    ] = "10%",
) -> None:
    """Play playbooks: services start, load arrives, faults come and go, the timeline draws, expectations are judged.

    Exit code: 0 every expectation held, 1 one was violated, 2 the command or a playbook is wrong, 3 the run could not be
    made, 4 a bug in chaoscli, 130 interrupted.
    """

    def verb() -> int:
        from chaoscli.cli.naming import words_of
        from chaoscli.cli.options import Options, share_of

        show = show_of(live=live, plain=plain, quiet=quiet, usually_live=world is World.REAL)
        options = Options(
            names=words_of(names, all_shipped=all_), world=world, seed=seed, variants=tuple(variant or ()),
            overrides=tuple(set_ or ()), show=show, json=json, record=record, svg=svg, junit=junit, markdown=md,
            github=_github(github), fail_fast=fail_fast, repeat=repeat, retries=retries, baseline=baseline,
            save_baseline=save_baseline, worse_by=share_of(worse_by),
        )  # fmt: skip
        if dry:
            from chaoscli.cli.planning import print_plans

            return print_plans(options)
        from chaoscli.cli.playing import play_all

        return play_all(options)

    guarded(verb)


def _github(stated: bool | None) -> bool:
    """As stated, or as the place says where it runs."""
    import os

    return os.environ.get("GITHUB_ACTIONS") == "true" if stated is None else stated


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
