"""Recordings in files: read with an answer for what is none, and as the series that reports are made of."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from chaoscli.checks.again import expectations_of
from chaoscli.checks.judge import judge
from chaoscli.errors import UsageError
from chaoscli.recording import RecordingError, RunRecording, digest_of, read_recording
from chaoscli.reports.series import Attempt, Entry, Series, Take, own_names


def read_file(file: Path) -> RunRecording:
    """UsageError for what cannot be read, or is no recording."""
    return recording_of(text_of(file), file)


def text_of(file: Path) -> str:
    """What stands in it. UsageError for what cannot be read, or is no text."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"'{file}' cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"'{file}' is not a recording: it is not text") from None


def recording_of(text: str, file: Path) -> RunRecording:
    """The run that was written. UsageError, which names the file, for what is no recording."""
    try:
        return read_recording(text.split("\n"))  # and at nothing else that a string may hold (U+2028)
    except RecordingError as error:
        raise UsageError(f"'{file}': {error.message}", hint=error.hint) from None


def attempt_of(file: Path, run: RunRecording) -> Attempt:
    """The run as it was, judged by the expectations it carries."""
    fell = [one.fell_at for one in run.variants.values()]
    return Attempt(
        outcome=judge(run, expectations_of(run)),
        repeat=shlex.join(["chaos", "replay", str(file)]),
        digest=digest_of(run),
        took_s=max((at for at in fell if at is not None), default=0.0),
    )


def series_of(files: Sequence[Path], runs: Sequence[RunRecording]) -> Series:
    """Each file an entry of its own."""
    names = own_names([run.header.playbook for run in runs], list(map(str, files)))
    entries = (
        Entry(name=name, title=run.header.title, file=str(file), takes=(Take((attempt_of(file, run),)),))
        for name, file, run in zip(names, files, runs, strict=True)
    )
    return Series(tuple(entries))
