"""What ``chaos replay`` does: read a recording, show it again, and judge it by the expectations it carries."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from chaoscli.checks.again import expectations_of
from chaoscli.checks.judge import judge
from chaoscli.cli.simulating import show_recording
from chaoscli.errors import UsageError
from chaoscli.explore.reproduction import from_text
from chaoscli.recording import digest_of, read_recording
from chaoscli.views.final import Ending, Final


def replay_file(file: Path, *, show: str, speed: float, since_s: float, world: str = "sim", times: int = 1) -> int:
    text = _text(file)
    found = from_text(text, str(file))
    if found is not None:
        from chaoscli.cli.reproducing import replay_on_processes, replay_reproduction

        if world == "real":
            return replay_on_processes(found, times=times)
        return replay_reproduction(found, show=show, speed=speed, since_s=since_s)
    if world == "real":
        raise UsageError(
            f"'{file}' is a recording, which is shown and not played", hint="--world real is for what `chaos explore` found"
        )
    recording = read_recording(text.splitlines())
    show_recording(recording, show, speed=speed, since_s=since_s)
    outcome = judge(recording, expectations_of(recording))
    console = Console(highlight=False)
    console.print(Final(recording, outcome, Ending(exit_code=outcome.exit_code)))
    console.print(f"digest {digest_of(recording)}", soft_wrap=True)
    return outcome.exit_code


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"'{file}' cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"'{file}' is not a recording: it is not text") from None
