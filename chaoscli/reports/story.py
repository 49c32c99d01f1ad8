"""The story of a run as plain lines: what a report of text has room for."""

from __future__ import annotations

from chaoscli.recording import RunRecording
from chaoscli.views.scene import Beat
from chaoscli.views.story import StoryWatch, merged

# A page of it; what happened after that has its cause before.
MOST_LINES = 40


def story(run: RunRecording) -> tuple[Beat, ...]:
    """Every turn, in order of time; what several variants take together is told once."""
    ends_s = max((one.events[-1].at for one in run.variants.values() if one.events), default=0.0)
    told = {}
    for name, recording in run.variants.items():
        watch = StoryWatch(name)
        for event in recording.events:
            watch.feed(event)
        told[name] = tuple(watch.beats(ends_s))
    return merged(told, float("inf"))


def story_lines(run: RunRecording) -> list[str]:
    """Each turn behind its time, and behind the variants that took it if not all did."""
    beats = story(run)
    lines = [f"{beat.at_s:7.2f}s  {', '.join(beat.lanes) + ': ' if beat.lanes else ''}{beat.text}" for beat in beats[:MOST_LINES]]
    more = len(beats) - MOST_LINES
    return [*lines, f"          and {more} more turns"] if more > 0 else lines
