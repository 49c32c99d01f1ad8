"""What ``chaos replay`` does: read a recording, show it again, and judge it by the expectations it carries."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from chaoscli.checks.again import expectations_of
from chaoscli.checks.judge import judge
from chaoscli.cli.recordings import recording_of, text_of
from chaoscli.cli.simulating import show_recording
from chaoscli.errors import UsageError
from chaoscli.explore.reproduction import from_text
from chaoscli.recording import digest_of
from chaoscli.views.final import Ending, Final
from chaoscli.worlds.simulated import refuse_what_is_no_service_of_ours

_BOTH = "`chaos run NAME --record FILE` writes the one, `chaos explore NAME` the other"


def replay_file(file: Path, *, show: str, speed: float, since_s: float, world: str = "sim", times: int = 1) -> int:
    text = text_of(file)
    if not text.strip():
        raise UsageError(f"'{file}' is empty: neither a recording nor a reproduction", hint=_BOTH)
    found = from_text(text, str(file))
    if found is not None:
        from chaoscli.cli.reproducing import replay_on_processes, replay_reproduction

        wrote = ", ".join(f"{name} {version}" for name, version in found.versions.items())
        # Before either world is asked for it: the real one would only find out in a process of its own.
        refuse_what_is_no_service_of_ours(
            found.subject.topology, way_out=f"replay knows the services of this version; it was found with {wrote}"
        )
        if world == "real":
            return replay_on_processes(found, times=times)
        return replay_reproduction(found, show=show, speed=speed, since_s=since_s)
    if world == "real":
        raise UsageError(
            f"'{file}' is a recording, which is shown and not played", hint="--world real is for what `chaos explore` found"
        )
    recording = recording_of(text, file)
    show_recording(recording, show, speed=speed, since_s=since_s)
    outcome = judge(recording, expectations_of(recording))
    console = Console(highlight=False)
    console.print(Final(recording, outcome, Ending(exit_code=outcome.exit_code)))
    console.print(f"digest {digest_of(recording)}", soft_wrap=True)
    return outcome.exit_code
