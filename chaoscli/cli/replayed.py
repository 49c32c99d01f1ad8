"""What ``chaos replay`` does: read a recording, show it again, and judge it by the expectations it carries."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from chaoscli.checks.again import expectations_of
from chaoscli.checks.judge import judge
from chaoscli.cli.simulating import show_recording
from chaoscli.errors import UsageError
from chaoscli.recording import RunRecording, digest_of, read_recording
from chaoscli.views.final import Ending, Final


def replay_file(file: Path, *, show: str, speed: float, since_s: float) -> int:
    recording = _read(file)
    show_recording(recording, show, speed=speed, since_s=since_s)
    outcome = judge(recording, expectations_of(recording))
    console = Console(highlight=False)
    console.print(Final(recording, outcome, Ending(exit_code=outcome.exit_code)))
    console.print(f"digest {digest_of(recording)}", soft_wrap=True)
    return outcome.exit_code


def _read(file: Path) -> RunRecording:
    try:
        with file.open(encoding="utf-8") as lines:
            return read_recording(lines)
    except OSError as error:
        raise UsageError(f"'{file}' cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"'{file}' is not a recording: it is not text") from None
