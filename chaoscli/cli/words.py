"""The words of ``chaos run``, each with its help: what they mean together is ``options.py``'s business."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names

_CI = "In CI"


class World(StrEnum):
    """Where it plays."""

    REAL = "real"
    SIM = "sim"


def _written(help: str, panel: str | None = None, *flags: str) -> typer.models.OptionInfo:
    """An option that names a file to write."""
    option: typer.models.OptionInfo = typer.Option(*flags, metavar="FILE", help=help, rich_help_panel=panel)
    return option


Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="PLAYBOOK", help="Names from `chaos list`, or files.", autocompletion=playbook_names),
]
All = Annotated[bool, typer.Option("--all", help="Play every playbook that is shipped.")]
Worlds = Annotated[World, typer.Option(help="real: processes and sockets; sim: virtual time, over in a moment, exact by seed.")]
Seed = Annotated[int | None, typer.Option(min=0, max=2**53, help="All dice and arrivals follow from it.")]
Variant = Annotated[list[str] | None, typer.Option(help="Play only this variant; may be repeated.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Set a parameter or override anything, like shoppers.rate=10/s; may be repeated."
    ),
]
EnvFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="NAME=value lines for your own programs; the values are masked.")
]
Live = Annotated[bool, typer.Option("--live", help="Redraw the timeline while it plays (a terminal's default).")]
Plain = Annotated[bool, typer.Option("--plain", help="Lines instead of a live screen (a pipe's and CI's default).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the verdict.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document of the outcome on stdout, and nothing else there.")]
Dry = Annotated[bool, typer.Option("--dry", help="Play nothing: print who would start, and what to expect when.")]
Record = Annotated[Path | None, _written("Write every event as JSON lines.")]
Svg = Annotated[Path | None, _written("Write the final picture as SVG.")]
Html = Annotated[Path | None, _written("Write one page of the whole run, which fetches nothing.")]
Junit = Annotated[Path | None, _written("Write JUnit XML.", _CI)]
Md = Annotated[Path | None, _written("Write a page of Markdown.", _CI, "--md")]
Github = Annotated[
    bool | None,
    typer.Option(
        "--github/--no-github",
        help="Annotations and a step summary; by itself where GITHUB_ACTIONS is true.",
        show_default=False,
        rich_help_panel=_CI,
    ),
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="Play nothing after the first that does not hold.", rich_help_panel=_CI)
]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Play N at once; what is printed does not depend on it. As many as cores in sim, one in real.",
        show_default=False,
        rich_help_panel=_CI,
    ),
]
Repeat = Annotated[
    int, typer.Option(metavar="N", help="Play each N times, seed after seed, and show the spread.", rich_help_panel=_CI)
]
Retries = Annotated[
    int, typer.Option(metavar="N", help="Try a real run again up to N times; what then holds is flaky.", rich_help_panel=_CI)
]
Baseline = Annotated[Path | None, _written("Fail when a measure is worse than there.", _CI)]
SaveBaseline = Annotated[Path | None, _written("Keep the measures, if everything held.", _CI)]
WorseBy = Annotated[
    str, typer.Option(metavar="SHARE", help="How much worse a measure may be than in the baseline.", rich_help_panel=_CI)
]
