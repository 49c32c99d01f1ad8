"""``chaos trace``: a recording for the viewers of traces."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.guard import guarded


class Form(StrEnum):
    """What a trace is written as."""

    PERFETTO = "perfetto"
    OTLP = "otlp"


def trace(
    file: Annotated[Path, typer.Argument(metavar="RECORDING", help="What `chaos run --record FILE` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to; - is stdout.")] = Path("trace.json"),
    form: Annotated[
        Form, typer.Option("--format", help="perfetto: Chrome trace events, for ui.perfetto.dev; otlp: JSON lines, for Jaeger.")
    ] = Form.PERFETTO,
) -> None:
    """Write every request, attempt and piece of work of a recorded run as a trace: who waited for whom, and how long.

    Exit code: 0 it is written, 2 the file is no recording, 3 it cannot be written.
    """

    def verb() -> int:
        from chaoscli.cli.traced import write_trace

        return write_trace(file, out, form)

    guarded(verb)
