"""What ``chaos trace`` does: a recording read, and written in one of two forms."""

from __future__ import annotations

import sys
from pathlib import Path

from chaoscli.cli.recordings import read_file
from chaoscli.cli.reporting import write_text
from chaoscli.compact import compact
from chaoscli.errors import ExitCode
from chaoscli.recording import RunRecording
from chaoscli.reports.otlp import otlp_lines
from chaoscli.reports.perfetto import trace_document

STDOUT = Path("-")
WHERE = {
    "perfetto": "open it at https://ui.perfetto.dev (it stays on this machine) or in chrome://tracing",
    "otlp": "open it with Jaeger's page, or send it to a collector",
}


def write_trace(file: Path, out: Path, form: str) -> int:
    text = _text(read_file(file), form)
    if out == STDOUT:
        sys.stdout.write(text)
        return ExitCode.HELD
    write_text(out, text)
    print(f"{out} is written: {WHERE[form]}", file=sys.stderr)
    return ExitCode.HELD


def _text(run: RunRecording, form: str) -> str:
    if form == "otlp":
        return "".join(line + "\n" for line in otlp_lines(run))
    return compact(trace_document(run)) + "\n"
