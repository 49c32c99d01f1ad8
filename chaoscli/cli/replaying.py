"""A recording at human pace: events come in again at the times they happened, and the live view draws them."""

from __future__ import annotations

import time
from collections.abc import Callable

from chaoscli.cli.screens import open_screen
from chaoscli.recording import Recording, RunRecording

# As many frames a second as a real run has.
FRAME_S = 0.1


def replay(
    recording: RunRecording,
    *,
    speed: float = 1.0,
    since_s: float = 0.0,
    show: str = "live",
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show it ``speed`` times as fast as it happened, from ``since_s`` seconds after the curtain."""
    grown = Grown(recording)
    with open_screen(grown.recording, show) as screen:
        began = clock()
        now = since_s
        while now < grown.ends_s:
            grown.grow_until(now)
            screen.draw(now)
            sleep(FRAME_S)
            now = since_s + (clock() - began) * speed
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
