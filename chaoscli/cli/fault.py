"""``chaos fault``: harm a link of a proxy that is up."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.guard import guarded
from chaoscli.cli.reach import API_HOST, API_PORT, Host, Port


def fault(
    link: Annotated[str, typer.Argument(metavar="LINK", help="Its name, as `chaos ps` shows it.")],
    text: Annotated[list[str], typer.Argument(metavar="FAULT...", help="Like 'latency 20ms jitter 5ms for 10s'.")],
    name: Annotated[str, typer.Option(help="What to call it; its kind and direction, if not said.")] = "",
    host: Host = API_HOST,
    port: Port = API_PORT,
) -> None:
    """Harm a link of a proxy that is up, until it is healed or for a time: chaos fault web latency 100ms direction both."""

    def verb() -> int:
        from chaoscli.cli.steering import add_fault
        from chaoscli.cli.streams import say
        from chaoscli.control.client import ControlClient

        say(add_fault(ControlClient(host, port), link, " ".join(text), name))
        return 0

    guarded(verb)
