"""``chaos ps``: the links of a proxy that is up, and their faults."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.guard import guarded
from chaoscli.cli.reach import API_HOST, API_PORT, Host, Port


def ps(
    json: Annotated[bool, typer.Option("--json", help="As the API shows them, and nothing else on stdout.")] = False,
    host: Host = API_HOST,
    port: Port = API_PORT,
) -> None:
    """Show the links of a proxy that is up, and their faults."""

    def verb() -> int:
        import json as codec

        from chaoscli.cli.steering import listing
        from chaoscli.cli.streams import say
        from chaoscli.control.client import ControlClient

        proxies = ControlClient(host, port).proxies()
        say(codec.dumps(proxies, indent=2, ensure_ascii=False) if json else listing(proxies))
        return 0

    guarded(verb)
