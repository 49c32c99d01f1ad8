"""``chaos new``: a playbook of one's own to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded


def new(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="What it is called, or the file: checkout, chaos/checkout.yaml.")],
    template: Annotated[str, typer.Option(metavar="TEMPLATE", help="What to begin with: shop, crash, matrix or users.")] = "shop",
    own: Annotated[
        str,
        typer.Option(metavar="KIND", help="With a program of your own in a service's place: python, node, redis or postgres."),
    ] = "",
    topology: Annotated[
        str, typer.Option(metavar="LAYERS", help="Services by the hundred, simulated: layers=4,width=50,fanout=3.")
    ] = "",
) -> None:
    """Write a commented playbook that runs, to change into your own. An existing file is never overwritten.

    shop: a slow service and retries; crash: a service is killed and comes back; matrix: two dimensions and two parameters;
    users: stages, bursts and users who think.
    """

    def verb() -> int:
        from chaoscli.cli.writing import write_new
        from chaoscli.errors import UsageError

        if own and topology:
            raise UsageError("a playbook is begun with --own or with --topology, not with both")
        if template != "shop" and (own or topology):
            raise UsageError("a template is begun with alone, not with --own or --topology")
        if own:
            from chaoscli.cli.owning import write_own

            print(write_own(name, own))
        else:
            print(write_new(name, topology, template=template))
        return 0

    guarded(verb)
