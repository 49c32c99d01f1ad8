"""``chaos proxy``: the proxy alone, between any client and any server, steered by any Toxiproxy client."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded
from chaoscli.cli.reach import API_PORT


def proxy(
    upstream: Annotated[str, typer.Option(metavar="HOST:PORT", help="Make one link that leads here, without an API.")] = "",
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where that link listens; any free port, if not said.")] = "",
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A fault on it, like 'latency 20ms jitter 5ms'; may be repeated."),
    ] = None,
    http: Annotated[bool, typer.Option("--http", help="That link carries HTTP/1.1, so that its requests are seen.")] = False,
    udp: Annotated[
        bool, typer.Option("--udp", help="That link carries datagrams, which can be lost, doubled, overtaken.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Where the API listens; only this machine reaches it, if not said.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The API's port, 8474 if not said; 0 takes any.")] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Toxiproxy's JSON list of proxies, toxics and all.")] = None,
    seed: Annotated[int, typer.Option(help="All dice follow from it.")] = 1,
    poll: Annotated[
        str,
        typer.Option(metavar="DURATION", help="Poll this long before sleeping, like 200us: quicker, for some of a processor."),
    ] = "0",
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a table (a pipe's and CI's default).")] = False,
) -> None:
    """A proxy that breaks connections on cue, until Ctrl-C. Any Toxiproxy client can steer it, at http://localhost:8474.

    One link without the API: chaos proxy --listen 127.0.0.1:9000 --upstream 127.0.0.1:5432 --fault 'latency 20ms jitter 5ms'
    """

    def verb() -> int:
        from chaoscli.cli.proxying import become_proxy, wants_table
        from chaoscli.control.fault_text import parse_fault
        from chaoscli.control.serving import ProxyOptions
        from chaoscli.errors import UsageError
        from chaoscli.units import UnitError, parse_duration

        try:
            poll_s = parse_duration(poll)
        except UnitError as error:
            raise UsageError(f"--poll: {error}") from None
        if poll_s < 0.0:
            raise UsageError("--poll cannot be negative", hint="0s sleeps at once, 200us is a good deal")
        faults = tuple(parse_fault(text, udp=udp) for text in fault or ())
        if (listen or faults or http or udp) and not upstream:
            raise UsageError("a link needs an upstream", hint="say where it leads: --upstream 127.0.0.1:5432")
        if udp and http:
            raise UsageError("--http is carried over TCP, and not over --udp", hint="say one of them")
        api = not upstream or host is not None or port is not None or config is not None
        options = ProxyOptions(
            host=host or "localhost",
            port=(API_PORT if port is None else port) if api else None,
            config=config,
            seed=seed,
            poll_s=poll_s,
            listen=listen,
            upstream=upstream,
            http=http,
            udp=udp,
            faults=tuple(fault or ()),
        )
        become_proxy(options, live=not plain and wants_table())

    guarded(verb)
