"""``chaos run --world sim``: play in virtual time, then show what happened, by lines or as a replay at human pace."""

from __future__ import annotations

from chaoscli.cli.replaying import replay
from chaoscli.cli.screens import open_screen
from chaoscli.errors import ChaosError, NotMadeError, leaves
from chaoscli.playbook.meaning import Playbook
from chaoscli.recording import RunRecorder, RunRecording
from chaoscli.simulation import play_simulated


def perform_simulated(playbook: Playbook, seed: int, recorder: RunRecorder, *, show: str) -> ChaosError | None:
    """What kept it from being made is returned: what was recorded until then still counts."""
    error = play_recorded(playbook, seed, recorder)
    show_recording(recorder.recording, show)
    return error


def play_recorded(playbook: Playbook, seed: int, recorder: RunRecorder) -> ChaosError | None:
    """The same without showing anything."""
    error: ChaosError | None = None
    try:
        play_simulated(playbook, {variant.name: recorder.variant(variant.name) for variant in playbook.variants}, seed=seed)
    except* NotMadeError as group:
        error = next(leaf for leaf in leaves(group) if isinstance(leaf, NotMadeError))
    return error


def show_recording(recording: RunRecording, show: str, *, speed: float = 1.0, since_s: float = 0.0) -> None:
    """A finished run on the screen: ``live`` as it happened, ``plain`` in lines at once."""
    if show == "live":
        replay(recording, speed=speed, since_s=since_s)
        return
    with open_screen(recording, show) as screen:
        screen.draw(max((one.fell_at or one.lasts_s for one in recording.variants.values()), default=0.0))
