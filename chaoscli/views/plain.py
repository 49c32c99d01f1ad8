"""The run as lines, for pipes and logs: each turn of the story once, and every few seconds how each variant does."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.text import Text

from chaoscli.units import format_duration, format_share
from chaoscli.views.glyphs import STYLES, glyphs_for
from chaoscli.views.scene import Beat, Lane, Scene, Stage
from chaoscli.views.source import SceneSource
from chaoscli.views.timeline import beat_line

# Often enough to see that it lives, seldom enough for a log.
PROGRESS_S = 2.0
# A turn is printed a moment late, so that variants which take it together share its line.
SETTLED_S = 0.6
# The story does not depend on the width; few columns are the cheapest.
_COLUMNS = 8


class PlainView:
    """``draw(now)`` prints what is new since the last call; nothing printed is ever taken back."""

    def __init__(self, console: Console, source: SceneSource) -> None:
        self._console = console
        self._source = source
        self._glyphs = glyphs_for(console)
        self._printed: set[tuple[float, str]] = set()
        self._next_progress_s = PROGRESS_S
        self._last: float = 0.0

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._tell_story(self._source.scene(self._last, _COLUMNS), until=float("inf"))

    def draw(self, now: float) -> None:
        self._last = now
        scene = self._source.scene(now, _COLUMNS)
        self._tell_story(scene, until=now - SETTLED_S)
        if scene.lasts_s and now >= self._next_progress_s:
            self._next_progress_s = now - now % PROGRESS_S + PROGRESS_S
            if not scene.over:
                self._tell_progress(scene)

    def _tell_story(self, scene: Scene, until: float) -> None:
        for beat in scene.story:
            if beat.at_s <= until and self._is_new(beat):
                line = Text()
                for text, style in beat_line(beat, self._glyphs):
                    line.append(text, STYLES[style])
                self._console.print(line, soft_wrap=True, highlight=False)

    def _is_new(self, beat: Beat) -> bool:
        key = (beat.at_s, beat.text)
        new = key not in self._printed
        self._printed.add(key)
        return new

    def _tell_progress(self, scene: Scene) -> None:
        widest = max(len(lane.name) for lane in scene.lanes)
        for lane in scene.lanes:
            when = f"{scene.now_s:7.2f}s   "
            line = Text(when, STYLES["faint"]).append(f"{lane.name:<{widest}}", STYLES["lane"]).append(f"  {_progress(lane)}")
            self._console.print(line, soft_wrap=True, highlight=False)


def _progress(lane: Lane) -> str:
    tally = lane.tally
    if tally.success is None:
        return f"{tally.in_flight} in flight" if tally.requests else str(Stage.WAITING)
    parts = [f"{format_share(tally.success):>5} ok of {tally.ended}"]
    if tally.p50_s is not None and tally.p99_s is not None:
        parts.append(f"p50 {format_duration(tally.p50_s)}, p99 {format_duration(tally.p99_s)}")
    counts = (
        (tally.timeouts, "timeouts"),
        (tally.fallbacks, "fallbacks"),
        (tally.in_flight, "in flight"),
        (tally.skipped, "skipped"),
    )
    parts += [f"{count} {word}" for count, word in counts if count]
    return ", ".join(parts)
