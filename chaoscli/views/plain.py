"""The run as lines, for pipes and logs: each turn of the story once, and every few seconds how each variant does."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.text import Text

from chaoscli.units import format_duration, format_share
from chaoscli.views.glyphs import STYLES, glyphs_for
from chaoscli.views.scene import Beat, Lane, Scene
from chaoscli.views.source import SceneSource
from chaoscli.views.story import TOGETHER_S, merged
from chaoscli.views.timeline import beat_line

# Often enough to see that it lives, seldom enough for a log.
PROGRESS_S = 2.0
# A turn is printed a moment late, so that variants which take it together share its line.
SETTLED_S = 0.6
# Lines do not depend on the width; few columns are the cheapest.
_COLUMNS = 8


class PlainView:
    """``draw(now)`` prints what is new since the last call, in order of time; nothing printed is ever taken back."""

    def __init__(self, console: Console, source: SceneSource) -> None:
        self._console = console
        self._source = source
        self._glyphs = glyphs_for(console)
        self._waiting: dict[str, list[Beat]] = {}
        self._seen: dict[str, int] = {}
        self._progress_at = PROGRESS_S
        self._held: tuple[float, Sequence[Text]] | None = None

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._tell(until=float("inf"))

    def draw(self, now: float) -> None:
        scene = self._source.scene(now, _COLUMNS)
        for name, beats in self._source.stories(now).items():
            self._waiting.setdefault(name, []).extend(beats[self._seen.get(name, 0) :])
            self._seen[name] = len(beats)
        if scene.lasts_s and now >= self._progress_at and not scene.over:
            self._progress_at = now - now % PROGRESS_S + PROGRESS_S
            self._held = (now, _progress(scene))
        self._tell(until=now - SETTLED_S)

    def _tell(self, until: float) -> None:
        if self._held is not None and self._held[0] <= until:
            at, lines = self._held
            self._held = None
            self._tell_story(at)
            for line in lines:
                self._print(line)
        self._tell_story(until)

    def give_back(self) -> None:
        """Lines take nothing of a terminal."""

    def take_again(self) -> None:
        pass

    def _tell_story(self, until: float) -> None:
        due = {(beat.tone, beat.text) for beats in self._waiting.values() for beat in beats if beat.at_s <= until}

        def is_due(beat: Beat) -> bool:
            """In time, or part of a turn that another variant has taken in time."""
            return beat.at_s <= until or (beat.at_s < until + TOGETHER_S and (beat.tone, beat.text) in due)

        told = {name: [beat for beat in beats if is_due(beat)] for name, beats in self._waiting.items()}
        self._waiting = {name: [beat for beat in beats if not is_due(beat)] for name, beats in self._waiting.items()}
        for beat in merged(told, float("inf")):
            self._print(Text.assemble(*((text, STYLES[style]) for text, style in beat_line(beat, self._glyphs))))

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)


def _progress(scene: Scene) -> Sequence[Text]:
    """One line for each variant."""
    widest = max(len(lane.name) for lane in scene.lanes)
    return [
        Text.assemble(
            (f"{scene.now_s:7.2f}s   ", STYLES["faint"]), (f"{lane.name:<{widest}}", STYLES["lane"]), f"  {_standing(lane)}"
        )
        for lane in scene.lanes
    ]


def _standing(lane: Lane) -> str:
    tally = lane.tally
    if tally.success is None:
        return f"{tally.in_flight} in flight" if tally.requests else "no requests yet"
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
