"""What the signs of a picture mean: those that are there, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli.messages import Result
from chaoscli.units import format_duration
from chaoscli.views.bars import LATE_S
from chaoscli.views.glyphs import WORDS, Glyphs
from chaoscli.views.layout import Layout
from chaoscli.views.lines import Line, length
from chaoscli.views.scene import Scene


def legend(scene: Scene, layout: Layout, glyphs: Glyphs, *, shaded: bool) -> Iterator[Line]:
    """One line, or as many as it takes. ``shaded``: some columns stand under a fault."""
    parts = list(_signs(scene, layout, glyphs))
    if shaded:
        parts.append([(glyphs.band, "band"), (" under a fault  ", "faint")])
    indent = max(min(layout.gutter, layout.width - sum(length(part) for part in parts)), 0)
    line: Line = [(" " * indent, "")]
    for part in parts:
        if length(line) + length(part) > layout.width:
            yield line
            line = [(" " * indent, "")]
        line += part
    yield line


def _signs(scene: Scene, layout: Layout, glyphs: Glyphs) -> Iterator[Line]:
    columns = [column for lane in scene.lanes for column in lane.columns]
    marks = [mark for column in columns for mark in column.marks]
    seen = {mark.result for mark in marks}
    waiting = any(column.hanging for column in columns)
    for result in Result:
        if result in seen:
            yield [(glyphs.results[result], result.value), (f" {WORDS[result]}  ", "faint")]
    if any(mark.result is Result.OK and mark.median_s >= LATE_S for mark in marks):
        yield [(glyphs.late, "late"), (f" ok, over {format_duration(LATE_S)}  ", "faint")]
    if waiting:
        yield [(glyphs.waiting + glyphs.hanging, "hanging"), (" waiting  ", "faint")]
    if seen or waiting:
        yield [("height: median, ", "faint"), (glyphs.worst, ""), (" worst  ", "faint")]
        yield from _signs_of_rows(scene, layout, glyphs)


def _signs_of_rows(scene: Scene, layout: Layout, glyphs: Glyphs) -> Iterator[Line]:
    told = scene.links(layout.hops)
    hops = [hop for lane in scene.lanes for hop in lane.hops if hop.link in told]
    if hops:
        yield [(f"{glyphs.arrow} {'latency' if scene.hops_tell_latency else 'calls'}  ", "faint")]
    if any(column.failed * 2 > column.calls for hop in hops for column in hop.columns):
        yield [(glyphs.bad[-1], "bad"), (" most failed  ", "faint")]
    if layout.inner and any(lane.breakers for lane in scene.lanes):
        for state in ("open", "half-open"):
            yield [glyphs.breaker[state], (f" {state}  ", "faint")]
