"""From a growing recording to scenes: reads each event once, however many frames are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Generic, Protocol, TypeVar

from chaoscli.events import Event
from chaoscli.views.lane import LaneWatch
from chaoscli.views.scene import Band, Beat, Scene, stacked
from chaoscli.views.story import StoryWatch, merged

# Fewer requests than this to a column, and random arrivals leave gaps that look like silence: then columns are wider.
REQUESTS_A_COLUMN = 3
FEWEST_COLUMNS = 12
# Before so many requests nobody knows how many there will be.
ENOUGH_TO_GUESS = 10


class GrowingRecording(Protocol):
    """One variant's events in order; more may be appended at any time."""

    @property
    def events(self) -> Sequence[Event]: ...


class SceneSource:
    """Scenes of one run. ``scene(now, width)`` costs what has happened since the last one; only another number of columns
    (another width, or a guess at the load that proved wrong) makes it read all events anew."""

    def __init__(
        self,
        recordings: Mapping[str, GrowingRecording],
        *,
        title: str = "",
        subtitle: str = "",
        summaries: Mapping[str, str] | None = None,
    ) -> None:
        self._recordings = recordings
        self._summaries = summaries or {}
        self._title = title
        self._subtitle = subtitle
        self._width = 0
        self._columns = 0
        self._guessed_from = 0
        self._lanes: dict[str, _Reader[LaneWatch]] = {}
        self._stories = {name: _Reader(StoryWatch(name)) for name in recordings}

    def scene(self, now: float, width: int) -> Scene:
        """What there is to see at ``now`` seconds, in at most ``width`` columns."""
        if width != self._width:
            self._width, self._guessed_from = width, 0
            self._divide(width)
        self._read()
        if (columns := self._fitting_columns(now)) != self._columns:
            self._divide(columns)
            self._read()
        lanes = tuple(
            replace(reader.watch.lane(now), summary=self._summaries.get(name, "")) for name, reader in self._lanes.items()
        )
        return Scene(
            title=self._title,
            subtitle=self._subtitle,
            now_s=now,
            lasts_s=max((reader.watch.lasts_s for reader in self._lanes.values()), default=0.0),
            lanes=lanes,
            bands=_shared([band for lane in lanes for band in lane.bands]),
            story=merged(self.stories(now), now),
        )

    def stories(self, now: float) -> Mapping[str, Sequence[Beat]]:
        """Each variant's own story as far as it has been read; beats are only ever added at the end."""
        return {name: reader.watch.beats(now) for name, reader in self._stories.items()}

    def _divide(self, columns: int) -> None:
        self._columns = columns
        self._lanes = {name: _Reader(LaneWatch(name, columns)) for name in self._recordings}

    def _read(self) -> None:
        for name, recording in self._recordings.items():
            self._lanes[name].read(recording.events)
            self._stories[name].read(recording.events)

    def _fitting_columns(self, now: float) -> int:
        """Guessed anew only when twice as much is known, so that the picture does not flicker."""
        watches = [reader.watch for reader in self._lanes.values()]
        requests = max((watch.requests for watch in watches), default=0)
        lasts_s = max((watch.lasts_s for watch in watches), default=0.0)
        if requests < max(ENOUGH_TO_GUESS, 2 * self._guessed_from) or now <= 0 or not lasts_s:
            return self._columns
        self._guessed_from = requests
        expected = requests * lasts_s / min(now, lasts_s)
        cells_a_column = ceil(REQUESTS_A_COLUMN * self._width / expected)
        return min(self._width, max(ceil(self._width / cells_a_column), FEWEST_COLUMNS))


class _Watch(Protocol):
    def feed(self, event: Event) -> None: ...


W = TypeVar("W", bound=_Watch)


class _Reader(Generic[W]):
    """Feeds a watch what it has not seen yet."""

    def __init__(self, watch: W) -> None:
        self.watch = watch
        self._read = 0

    def read(self, events: Sequence[Event]) -> None:
        # The length is taken once: more may arrive while this reads.
        until = len(events)
        for index in range(self._read, until):
            self.watch.feed(events[index])
        self._read = until


def _shared(bands: list[Band]) -> tuple[Band, ...]:
    """One band for each fault and start, whichever variants have it; healed only when it healed in all of them."""
    found: dict[tuple[str, float], Band] = {}
    for band in bands:
        key = (band.fault, band.start_s)
        if key not in found or not band.healed:
            found[key] = band
    return stacked(list(found.values()))
