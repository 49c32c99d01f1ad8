"""``chaos diff``: two recordings, measure beside measure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli import words
from chaoscli.cli.guard import guarded


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="What `chaos run --record FILE` wrote.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    all_rows: Annotated[bool, typer.Option("--all", help="What is the same in both as well.")] = False,
    json: words.Json = False,
) -> None:
    """Compare two recorded runs: every measure that differs, by how much, and expectations with another verdict.

    Exit code: 0 they could be compared, whatever came of it; 2 one of them is no recording.
    """

    def verb() -> int:
        from chaoscli.cli.comparing import compare_recordings

        return compare_recordings(before, after, all_rows=all_rows, json_wanted=json)

    guarded(verb)
