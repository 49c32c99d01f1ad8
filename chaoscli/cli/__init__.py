"""The command: one verb, one file. Verbs import what they need when they are called, so that help is there at once."""

from __future__ import annotations

from typing import Annotated

import typer

import chaoscli
from chaoscli.cli import (
    agree,
    check,
    diff,
    doctor,
    explain,
    explore,
    fault,
    heal,
    list_,
    new,
    proxy,
    ps,
    replay,
    report,
    run,
    schema,
    tour,
    trace,
    up,
    wrap,
)
from chaoscli.cli.streams import open_closed_streams

app = typer.Typer(
    name="chaos",
    help="See what timeouts, retries, partitions and skewed clocks do to a system of real processes.",
    epilog="Start with: chaos run partition",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # an error of ours has its own report (guard.py)
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("tour")(tour.tour)
app.command("list")(list_.list_)
app.command("explain")(explain.explain)
app.command("check")(check.check)
app.command("up")(up.up)
app.command("proxy")(proxy.proxy)
app.command("fault")(fault.fault)
app.command("heal")(heal.heal)
app.command("ps")(ps.ps)
app.command("explore")(explore.explore)
app.command("agree")(agree.agree)
app.command("replay")(replay.replay)
app.command("doctor")(doctor.doctor)
app.command("wrap")(wrap.wrap)
app.command("report")(report.report)
app.command("diff")(diff.diff)
app.command("trace")(trace.trace)
app.command("schema")(schema.schema)
app.command("new")(new.new)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chaoscli {chaoscli.__version__}")
        raise typer.Exit


@app.callback()
def chaos(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See what timeouts, retries, partitions and skewed clocks do to a system of real processes."""


def main() -> None:
    open_closed_streams()
    app()
