"""Draws a scene: lanes under their faults over one time axis, the legend and the story. Any width, any height."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from chaoscli.recording import Header
from chaoscli.units import format_duration, format_share
from chaoscli.views.bars import Cell, Scale, amounts, bar, bridged, delays, errors, scale_of, traffic
from chaoscli.views.glyphs import Glyphs, glyphs_for
from chaoscli.views.layout import Layout, fit
from chaoscli.views.legend import legend
from chaoscli.views.lines import Line, cut, length, segments, spread, wrapped
from chaoscli.views.scene import MULTIPLIED, Band, Beat, Harm, Hop, Lane, Scene, Stage, Tone

# What is left of a fault's name still tells it from the others.
SHORTEST_NAME = 6

T = TypeVar("T")


class Timeline:
    """A scene as a rich renderable; with ``height``, at most that many lines."""

    def __init__(self, scene: Scene, *, height: int | None = None, live: bool = False) -> None:
        self._scene = scene
        self._height = height
        self._live = live

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        layout = fit(self._scene, options.max_width, self._height)
        picture = _Picture(self._scene, layout, glyphs_for(console), live=self._live, height=self._height)
        # The smallest terminals get the top of the barest picture.
        for line in islice(picture.lines(), self._height):
            yield from segments(line, layout.width)
            yield Segment.line()


def title_of(header: Header) -> str:
    return header.playbook if header.title in ("", header.playbook) else f"{header.playbook}: {header.title}"


def subtitle_of(header: Header) -> str:
    return f"{header.world}, seed {header.seed}"


def summaries_of(header: Header) -> dict[str, str]:
    return dict(zip(header.variants, header.summaries, strict=False))


class _Picture:
    def __init__(self, scene: Scene, layout: Layout, glyphs: Glyphs, *, live: bool, height: int | None) -> None:
        self._scene = scene
        self._at = layout
        self._glyphs = glyphs
        self._live = live
        self._height = height
        self._scale = scale_of(scene.lanes)
        self._links = frozenset(scene.links(layout.hops))

    def lines(self) -> Iterator[Line]:
        yield self._title()
        yield from self._band_rows()
        shown = self._scene.lanes[: self._at.lanes]
        lanes = [line for lane in shown for line in self._lane(lane)]
        yield from lanes
        if len(shown) < len(self._scene.lanes):
            yield [(f" and {len(self._scene.lanes) - len(shown)} more", "faint")]
        yield from self._axis()
        shaded = any(cell == (self._glyphs.band, "band") for line in lanes for cell in line)
        # Where lines are counted there is one of them.
        signs = legend(self._scene, self._at, self._glyphs, shaded=shaded)
        yield from islice(signs, None if self._height is None else 1)
        yield from self._story()

    # -- above the lanes

    def _title(self) -> Line:
        scene = self._scene
        clock = ""
        if self._live and scene.lasts_s:
            clock = f"{max(scene.now_s, 0.0):.1f}s of {format_duration(scene.lasts_s)}"
        right = f" {self._glyphs.dot} ".join(part for part in (scene.subtitle, clock) if part)
        return spread([(scene.title, "title")], [(right, "faint")], self._at.width, self._glyphs)

    def _band_rows(self) -> Iterator[Line]:
        for row in range(max((band.row + 1 for band in self._scene.bands), default=0)):
            bands = [band for band in self._scene.bands if band.row == row]
            cells: list[Cell] = [(" ", "")] * self._at.plot
            for band in bands:
                self._draw_band(band, cells)
            for band in bands:
                self._name_band(band, cells)
            yield [(" " * self._at.gutter, ""), *cells]

    def _draw_band(self, band: Band, cells: list[Cell]) -> None:
        first, last = self._span(band)
        if band.is_instant:
            cells[first] = (self._glyphs.tones[Tone.HARM], "band")
            return
        left, right = self._glyphs.band_ends
        cells[first : last + 1] = [(self._glyphs.band_line, "band")] * (last + 1 - first)
        cells[first], cells[last] = (left, "band"), (right, "band")

    def _name_band(self, band: Band, cells: list[Cell]) -> None:
        """In its middle; a band that is too short has its name behind it, or before it, or as much of it as goes in."""
        first, last = self._span(band)
        name = f" {band.fault} "
        if len(name) - 2 == last - first - 1:
            name = name.strip()
        if len(name) <= last - first - 1:
            start = first + 1 + (last - first - 1 - len(name)) // 2
        else:
            free = [
                start
                for start in (last + 1, first - len(name))
                if 0 <= start <= len(cells) - len(name) and all(sign == " " for sign, _ in cells[start : start + len(name)])
            ]
            start = free[0] if free else first + 1
            if not free:
                room = last - first - 1
                name = band.fault[: room - 1] + self._glyphs.cut if room >= SHORTEST_NAME else ""  # the story names it
        cells[start : start + len(name)] = [(sign, "fault") for sign in name]

    def _span(self, band: Band) -> tuple[int, int]:
        """First and last column of a band."""
        end = self._scene.lasts_s if band.end_s is None else band.end_s
        first = self._column(band.start_s)
        if band.is_instant:
            return first, first
        last = max(self._column(end - 1e-9), first + 1)
        return min(first, self._at.plot - 2), min(last, self._at.plot - 1)

    def _column(self, at_s: float) -> int:
        share_of_play = at_s / self._scene.lasts_s if self._scene.lasts_s else 0.0
        return min(max(int(share_of_play * self._at.plot), 0), self._at.plot - 1)

    def _stretched(self, columns: Sequence[T]) -> list[T]:
        """One for each cell of the plot, which may be wider than there are columns."""
        return [columns[cell * len(columns) // self._at.plot] for cell in range(self._at.plot)]

    # -- a lane

    def _lane(self, lane: Lane) -> Iterator[Line]:
        yield self._lane_title(lane)
        empty = self._background(lane)
        columns = self._stretched(bridged(lane.columns))
        bars = [
            bar(column, self._scale, self._at.rows, self._glyphs, blank) for column, blank in zip(columns, empty, strict=True)
        ]
        labels = _scale_labels(self._scale, self._at.rows)
        panel = self._panel(lane)
        for row in reversed(range(self._at.rows)):
            label = labels.get(row, "")
            yield [
                (f"{label:>{self._at.gutter - 2}} ", "faint"),
                (self._glyphs.wall, "faint"),
                *(cells[row] for cells in bars),
                *self._beside(next(panel, None)),
            ]
        if self._at.share:
            yield [
                (f"{'errors':>{self._at.gutter - 2}} ", "faint"),
                (self._glyphs.wall, "faint"),
                *(errors(column, self._glyphs) for column in columns),
                *self._beside(next(panel, None)),
            ]
        if self._at.inner:
            yield from self._harms(lane)
            yield from self._breakers(lane)
            yield from self._queues(lane)
        yield from self._hops(lane)

    def _background(self, lane: Lane) -> list[Cell]:
        """What shows where no bar stands: the shade of a fault, or nothing."""
        cells = [(" ", "")] * self._at.plot
        for band in lane.bands:
            first, last = self._span(band)
            if (first, last) == (0, self._at.plot - 1):
                continue  # shading all would hide what comes and goes
            cells[first : last + 1] = [(self._glyphs.band, "band")] * (last + 1 - first)
        return cells

    def _lane_title(self, lane: Lane) -> Line:
        """Its name, what it does if there is room, and where its play stands."""
        rule = self._glyphs.rule
        state, style = _state(lane)
        right: Line = [(f" {state} ", style)] if state and (self._live or lane.stage is Stage.INTERRUPTED) else []
        if not self._at.panel and lane.tally.success is not None:
            right = [(f" {format_share(lane.tally.success)} ok ", ""), *right]
        left: Line = [(f"{rule}{rule} ", "faint"), (lane.name, "lane"), (" ", "")]
        room = self._at.width - length(left) - length(right)
        if lane.summary and len(lane.summary) + 3 <= room:
            left += [(f"{rule} ", "faint"), (f"{lane.summary} ", "")]
        return [*left, (rule * max(self._at.width - length(left) - length(right), 0), "faint"), *right]

    def _panel(self, lane: Lane) -> Iterator[tuple[str, str]]:
        """The counts that matter most, as label and value."""
        tally = lane.tally
        if not tally.requests:
            return
        yield "success", "-" if tally.success is None else format_share(tally.success)
        if self._live:
            yield "in flight", str(tally.in_flight)
        yield "p50", _latency(tally.p50_s)
        yield "p99", _latency(tally.p99_s)
        if tally.timeouts:
            yield "timeouts", str(tally.timeouts)
        if tally.skipped:
            yield "skipped", str(tally.skipped)
        if tally.fallbacks:
            yield "fallbacks", str(tally.fallbacks)
        if tally.calls_per_request is not None and tally.calls_per_request >= MULTIPLIED:
            yield "calls/request" if self._at.panel > 20 else "calls/req", f"{tally.calls_per_request:.2f}"
        yield "requests", str(tally.requests)

    def _beside(self, fact: tuple[str, str] | None) -> Line:
        if not self._at.panel or fact is None:
            return []
        label, value = fact
        width = self._at.panel - 2
        return [("  ", ""), (label, "faint"), (f"{value:>{width - len(label)}}", "number")]

    def _harms(self, lane: Lane) -> Iterator[Line]:
        """A row for each harm that came to any lane."""
        for name in self._scene.harms:
            most = max(max(one.columns) for other in self._scene.lanes for one in other.harms if one.name == name)
            unharmed = Harm(name=name, columns=(0,) * len(lane.columns), count=0)
            own = next((one for one in lane.harms if one.name == name), unharmed)
            yield [
                *self._label(name),
                *self._stretched(amounts(own.columns, self._glyphs, most, "failed")),
                *self._beside(("in all", str(own.count))),
            ]

    def _breakers(self, lane: Lane) -> Iterator[Line]:
        for row in lane.breakers:
            name = "breaker" if len(lane.breakers) == 1 else f"{self._glyphs.breaker['open'][0]} {_callee(row.link)}"
            cells = self._stretched([self._glyphs.breaker[state] for state in row.columns])
            times = "once" if row.opened == 1 else f"{row.opened} times"
            yield [*self._label(name), *cells, *self._beside(("opened", times))]

    def _queues(self, lane: Lane) -> Iterator[Line]:
        """A row for each queue that grew long in any lane, of one height for all."""
        for node in self._scene.queues:
            rows = [row for other in self._scene.lanes for row in other.queues if row.node == node]
            most = max(max(row.columns) for row in rows)
            own = next((row for row in lane.queues if row.node == node), None)
            cells = self._stretched(amounts(own.columns, self._glyphs, most, "queue")) if own else [(" ", "")] * self._at.plot
            longest = ("longest queue" if self._at.panel > 20 else "queue", str(own.longest if own else 0))
            yield [*self._label(f"{self._glyphs.queue} {node}"), *cells, *self._beside(longest)]

    def _hops(self, lane: Lane) -> Iterator[Line]:
        """A row for each link, or for those with the most trouble and one line for the rest."""
        told = [hop for hop in lane.hops if hop.link in self._links]
        for hop in told:
            yield self._hop(hop, lane)
        others = [hop for hop in lane.hops if hop.link not in self._links]
        if told and others and self._height is None:
            failed = sum(hop.failed for hop in others)
            well = f", {failed} failed" if failed else ", all well"
            text = f"and {len(others)} more links, {sum(hop.calls for hop in others)} calls{well}"
            yield [*self._label(self._glyphs.cut), (text, "faint")]

    def _hop(self, hop: Hop, lane: Lane) -> Line:
        caller, _, callee = hop.link.partition(" -> ")
        # Whom it calls says enough, unless others call the same.
        alone = [_callee(other.link) for other in lane.hops].count(callee) == 1
        name = f"{'' if alone else caller}{self._glyphs.arrow}{' ' if alone else ''}{callee}"
        if self._scene.hops_tell_latency:
            cells = delays(bridged(hop.columns), self._glyphs, self._scale)
        else:
            cells = traffic(hop.columns, self._glyphs, self._busiest(hop.link))
        calls, latency = f"{hop.calls} calls", _latency(hop.median_s)
        if hop.passed:
            calls, latency = hop.passed, ""
        elif len(calls) + len(latency) + 1 > self._at.panel - 2:
            calls = str(hop.calls)
        return [
            *self._label(name),
            *self._stretched(cells),
            *self._beside((calls, latency)),
        ]

    def _label(self, name: str) -> Line:
        """What stands before a sub-row, as far as there is room."""
        room = self._at.gutter - 2
        name = name if len(name) <= room else name[: room - 1] + self._glyphs.cut
        return [(f"{name:>{room}} ", "faint"), (self._glyphs.wall, "faint")]

    def _busiest(self, link: str) -> int:
        """The most calls of any column of this link, over all lanes: their heights can be compared."""
        hops = [hop for lane in self._scene.lanes for hop in lane.hops if hop.link == link]
        return max((column.calls for hop in hops for column in hop.columns), default=0)

    # -- below the lanes

    def _axis(self) -> Iterator[Line]:
        lasts, plot = self._scene.lasts_s, self._at.plot
        floor: list[Cell] = [(self._glyphs.floor, "faint")] * plot
        labels = [" "] * (plot + 6)
        for second in _second_ticks(lasts, plot):
            column = min(round(second / lasts * plot), plot - 1)
            floor[column] = (self._glyphs.tick, "faint")
            text = format_duration(second) if second else "0s"
            start = max(min(column - len(text) // 2, len(labels) - len(text)), 0)
            labels[start : start + len(text)] = text
        if self._live and 0.0 <= self._scene.now_s < lasts:
            floor[self._column(self._scene.now_s)] = (self._glyphs.head, "title")
        yield [(" " * (self._at.gutter - 1), ""), (self._glyphs.corner, "faint"), *floor]
        yield [(" " * self._at.gutter, ""), ("".join(labels).rstrip(), "faint")]
        if self._scene.mark_s is not None:
            yield self._mark(self._column(self._scene.mark_s))

    def _mark(self, column: int) -> Line:
        """The moment that all is about, with its words on the side where there is room."""
        words = self._scene.mark
        if len(words) + 1 < self._at.plot - column:
            return [(" " * (self._at.gutter + column), ""), (f"{self._glyphs.head} {words}", "trouble")]
        start = max(0, self._at.gutter + column - len(words) - 1)
        return [(" " * start, ""), (f"{words} {self._glyphs.head}", "trouble")]

    def _story(self) -> Iterator[Line]:
        story, most = self._scene.story, self._at.story
        if self._live:  # what is new matters
            for beat in story[max(len(story) - most, 0) :]:
                yield cut(beat_line(beat, self._glyphs), self._at.width, self._glyphs)
            return
        # At the end how it began and how it ended matter most.
        left_out = max(len(story) - most, 0)
        for place, beat in enumerate(story):
            if place == most // 2 and left_out:
                yield [(f"{self._glyphs.cut:>8} and {left_out} more", "faint")]
            if not most // 2 <= place < most // 2 + left_out:
                yield from wrapped(beat_line(beat, self._glyphs), self._at.width)


def _callee(link: str) -> str:
    return link.partition(" -> ")[2]


def beat_line(beat: Beat, glyphs: Glyphs) -> Line:
    """One turn of the story: when, what kind, whose, what."""
    return [
        (f"{beat.at_s:7.2f}s ", "faint"),
        (f"{glyphs.tones[beat.tone]} ", beat.tone.value),
        (f"{', '.join(beat.lanes)}: " if beat.lanes else "", "lane"),
        (beat.text, beat.tone.value if not beat.lanes else ""),
    ]


def _state(lane: Lane) -> tuple[str, str]:
    if lane.stage is Stage.STARTING:
        ready = sum(state == "ready" for _, state in lane.nodes)
        return f"starting, {ready} of {len(lane.nodes)} ready", "faint"
    if lane.stage is Stage.INTERRUPTED:
        return "interrupted", "trouble"
    if lane.stage is Stage.OVER:
        return "over", "faint"
    if lane.tally.in_flight and lane.stage is Stage.DRAINING:
        return f"draining, {lane.tally.in_flight} in flight", "hanging"
    return str(lane.stage) if lane.stage is Stage.WAITING else "", "faint"


def _latency(seconds: float | None) -> str:
    return "-" if seconds is None else format_duration(seconds)


def _scale_labels(scale: Scale, rows: int) -> dict[int, str]:
    """Row to label. The top and the bottom always have theirs; ticks between them where there is a row to spare."""
    labels: dict[int, str] = {}
    for tick in (scale.top_s, *scale.ticks()):
        labels.setdefault((scale.eighths(tick, rows) - 1) // 8, format_duration(tick))
    return labels


def _second_ticks(lasts: float, width: int) -> list[float]:
    """Round steps of time with at least eight characters for each."""
    if lasts <= 0:
        return []
    step = next((step for step in (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if lasts / step * 8 <= width), lasts)
    return [number * step for number in range(int(lasts / step + 1e-9) + 1)]
