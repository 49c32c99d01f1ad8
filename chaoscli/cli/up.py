"""``chaos up``: the services stay up on fixed ports, calling each other through the proxy, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded


def up(
    name: Annotated[str, typer.Argument(metavar="[PLAYBOOK]", help="Whose services; without it, the plain shop.")] = "",
    variant: Annotated[str, typer.Option(help="Which variant of the playbook; the first, if not said.")] = "",
    seed: Annotated[int, typer.Option(help="All dice follow from it.")] = 1,
    env_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="NAME=value lines for your own programs; the values are masked.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of the API for faults; 8474 if it is free, if not said.")
    ] = None,
) -> None:
    """Keep the services up, order on port 8080 and inventory on 8081, and print what to try on them."""

    def verb() -> int:
        from chaoscli.cli.env_file import environment_of
        from chaoscli.cli.staying_up import stay_up

        return stay_up(name, variant, seed, port, environment_of(env_file))

    guarded(verb)
