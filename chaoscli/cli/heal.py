"""``chaos heal``: take faults away from a proxy that is up."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.guard import guarded
from chaoscli.cli.reach import API_HOST, API_PORT, Host, Port


def heal(
    link: Annotated[str, typer.Argument(metavar="[LINK]", help="Only its faults; those of every link, if not said.")] = "",
    name: Annotated[str, typer.Argument(metavar="[FAULT]", help="Only this one, by its name in `chaos ps`.")] = "",
    host: Host = API_HOST,
    port: Port = API_PORT,
) -> None:
    """Take faults away from a proxy that is up: one, those of a link, or all."""

    def verb() -> int:
        from chaoscli.cli.steering import heal as heal_faults
        from chaoscli.cli.streams import say
        from chaoscli.control.client import ControlClient

        say(heal_faults(ControlClient(host, port), link, name))
        return 0

    guarded(verb)
