"""A recording at human pace: events come in again at the times they happened, and the live view draws them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from chaoscli.cli.keyboard import open_keyboard
from chaoscli.cli.screens import open_screen
from chaoscli.recording import Recording, RunRecording

# As many frames a second as a real run has.
FRAME_S = 0.1


@dataclass(slots=True)
class Pace:
    """Where in the play the replay is: ``now`` in its seconds, ``speed`` of them in each of ours."""

    now: float
    speed: float
    paused: bool = False
    left: bool = False

    def passed(self, seconds: float) -> None:
        """So much of our time has gone by."""
        if not self.paused:
            self.now += seconds * self.speed

    def key(self, key: str) -> None:
        """Space pauses and goes on, a full stop steps on by a frame, q leaves."""
        match key:
            case " ":
                self.paused = not self.paused
            case ".":
                self.paused = True
                self.now += FRAME_S * self.speed
            case "q":
                self.left = True


def replay(
    recording: RunRecording,
    *,
    speed: float = 1.0,
    since_s: float = 0.0,
    show: str = "live",
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Show it ``speed`` times as fast as it happened, from ``since_s`` seconds after the curtain, until its end or a q."""
    grown = Grown(recording)
    pace = Pace(since_s, speed)
    with open_screen(grown.recording, show) as screen, open_keyboard() as keyboard:
        before = clock()
        while pace.now < grown.ends_s and not pace.left:
            grown.grow_until(pace.now)
            screen.draw(pace.now)
            pace.key(keyboard.pressed_within(FRAME_S))
            before, now = clock(), before
            pace.passed(before - now)
        grown.grow_until(grown.ends_s)
        screen.draw(grown.ends_s)


class Grown:
    """A recording that grows again out of a whole one."""

    def __init__(self, whole: RunRecording) -> None:
        self.recording = RunRecording(header=whole.header, variants={name: Recording(name) for name in whole.variants})
        self.ends_s = max((one.events[-1].at for one in whole.variants.values() if one.events), default=0.0)
        self._whole = whole

    def grow_until(self, now: float) -> None:
        """What was told by ``now``, in the order it was told."""
        for name, whole in self._whole.variants.items():
            growing = self.recording.variants[name]
            for event in whole.events[len(growing.events) :]:
                if event.at > now:
                    break
                growing.add(event)
