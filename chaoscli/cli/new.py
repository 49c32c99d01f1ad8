"""``chaos new``: a playbook of one's own to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded


def new(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="What it is called, or the file: checkout, chaos/checkout.yaml.")],
) -> None:
    """Write a commented playbook that runs, to change into your own. An existing file is never overwritten."""

    def verb() -> int:
        from chaoscli.cli.writing import write_new

        print(write_new(name))
        return 0

    guarded(verb)
