"""``chaos wrap``: any command with proxies before what it talks to, and faults on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded


def wrap(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run, behind a double dash.")],
    link: Annotated[
        list[str],
        typer.Option(metavar="NAME=HOST:PORT", help="What it talks to; http:// or udp:// may stand before the host. Repeatable."),
    ],
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Like 'db: latency 50ms at 2s for 5s'; times count from the start. Repeatable."),
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Variables for the command, NAME=value; their values are masked.")
    ] = None,
    seed: Annotated[int, typer.Option(help="All dice follow from it.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what went wrong.")] = False,
) -> None:
    """Run a command with proxies before what it talks to: chaos wrap --link db=127.0.0.1:5432 --fault 'db: hang at 2s' -- pytest

    For a link called db the command finds DB_HOST, DB_PORT, DB_URL and CHAOS_DB (host:port) in its environment, and ${host.db},
    ${port.db} and ${url.db} in its own words are filled in. Its exit code is ours (128 and more: a signal ended it).
    """

    def verb() -> int:
        from chaoscli.cli.env_file import environment_of
        from chaoscli.cli.wrapped import Wrapping
        from chaoscli.cli.wrapping import run_wrapped
        from chaoscli.worlds.guardian import fork_guardian

        from_file = environment_of(env_file).from_file
        wrapping = Wrapping.of(tuple(command), link, fault or (), seed=seed, quiet=quiet, from_file=from_file)
        return run_wrapped(wrapping, fork_guardian())

    guarded(verb)
