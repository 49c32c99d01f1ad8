"""From a growing recording to scenes: reads each event once, however many frames are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chaoscli.events import Event
from chaoscli.views.lane import LaneWatch
from chaoscli.views.scene import Band, Scene, stacked
from chaoscli.views.story import StoryWatch, merged


class GrowingRecording(Protocol):
    """One variant's events in order; more may be appended at any time."""

    @property
    def events(self) -> Sequence[Event]: ...


class SceneSource:
    """Scenes of one run. ``scene(now, width)`` is cheap while ``width`` stays the same; another width reads all anew."""

    def __init__(self, recordings: Mapping[str, GrowingRecording], *, title: str = "", subtitle: str = "") -> None:
        self._recordings = recordings
        self._title = title
        self._subtitle = subtitle
        self._width = 0
        self._watches: dict[str, _Watch] = {}
        self._stories: dict[str, StoryWatch] = {}
        self._told: dict[str, int] = {}

    def scene(self, now: float, width: int) -> Scene:
        """What there is to see at ``now`` seconds, in ``width`` columns."""
        if width != self._width:
            self._width, self._watches = width, {}
        for name, recording in self._recordings.items():
            self._read(name, recording)
        lanes = tuple(self._watches[name].lane.lane(now) for name in self._recordings)
        return Scene(
            title=self._title,
            subtitle=self._subtitle,
            now_s=now,
            lasts_s=max((watch.lane.lasts_s for watch in self._watches.values()), default=0.0),
            width=width,
            lanes=lanes,
            bands=_shared([band for lane in lanes for band in lane.bands]),
            story=merged({name: self._stories[name].beats(now) for name in self._recordings}, now),
        )

    def _read(self, name: str, recording: GrowingRecording) -> None:
        watch = self._watches.setdefault(name, _Watch(name, self._width))
        events = recording.events
        for index in range(watch.read, len(events)):
            watch.lane.feed(events[index])
        watch.read = len(events)
        story = self._stories.setdefault(name, StoryWatch(name))
        for index in range(self._told.get(name, 0), len(events)):
            story.feed(events[index])
        self._told[name] = len(events)


class _Watch:
    def __init__(self, name: str, width: int) -> None:
        self.lane = LaneWatch(name, width)
        self.read = 0


def _shared(bands: list[Band]) -> tuple[Band, ...]:
    """One band for each fault and start, whichever variants have it; healed only when it healed in all of them."""
    found: dict[tuple[str, float], Band] = {}
    for band in bands:
        key = (band.fault, band.start_s)
        if key not in found or not band.healed:
            found[key] = band
    return stacked(list(found.values()))
