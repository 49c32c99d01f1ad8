"""A lane's columns as cells: height is latency on a scale of tenfolds, the sign is the result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, isqrt, log10
from typing import TypeVar

from chaoscli.messages import Result
from chaoscli.views.glyphs import Glyphs
from chaoscli.views.scene import Column, HopColumn, Lane

C = TypeVar("C", Column, HopColumn)
Cell = tuple[str, str]  # a sign and the name of its style
EIGHTHS = 8
# An answer after a second is an answer, but the person who asked has lost the thread (Nielsen, Usability Engineering, 1993).
LATE_S = 1.0
# What a lane without any latency yet is scaled to, in seconds.
FIRST_SCALE = (0.01, 1.0)
# 1, 3, 10, 30, ...: half tenfolds make a scale that fits closely and still has round labels.
_STEPS = (1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Latency to height, the same for all lanes. Seconds; both ends are 1 or 3 times a power of ten."""

    bottom_s: float
    top_s: float

    def eighths(self, latency_s: float, rows: int) -> int:
        """From 1 to ``8 * rows``: nothing that happened is drawn as nothing."""
        if latency_s <= self.bottom_s:
            return 1
        share = log10(latency_s / self.bottom_s) / log10(self.top_s / self.bottom_s)
        return min(max(round(share * rows * EIGHTHS), 1), rows * EIGHTHS)

    @property
    def half_tenfolds(self) -> int:
        """How many steps of 1, 3, 10, 30 it spans: a row for each puts labels at even distances."""
        return round(2 * log10(self.top_s / self.bottom_s))

    def ticks(self) -> Iterable[float]:
        """Each power of ten on the scale, and both ends."""
        power = floor(log10(self.bottom_s) + 1e-9)
        yield self.bottom_s
        while (tick := 10.0**power) < self.top_s * 0.99:
            if tick > self.bottom_s * 1.01:
                yield tick
            power += 1
        yield self.top_s


def scale_of(lanes: Iterable[Lane]) -> Scale:
    """The closest round scale that holds every median and every worst."""
    low, high = float("inf"), 0.0
    for lane in lanes:
        for column in lane.columns:
            for mark in column.marks:
                low, high = min(low, mark.median_s), max(high, mark.worst_s)
            high = max(high, column.oldest_s)
    if low > high:
        low, high = FIRST_SCALE
    bottom, top = _round_down(max(low * 0.8, 1e-5)), _round_up(max(high, FIRST_SCALE[0]))
    return Scale(bottom, max(top, bottom * 10.0))


def bridged(columns: Sequence[C]) -> list[C]:
    """The same, but one column for which nothing was meant to start looks like the one before it, if life goes on after it:
    random arrivals leave such gaps, and they are no silence."""
    filled = list(columns)
    for place in range(1, len(columns) - 1):
        before, gap, after = columns[place - 1 : place + 2]
        if gap.empty and not before.empty and not after.empty:
            filled[place] = before
    return filled


def bar(column: Column, scale: Scale, rows: int, glyphs: Glyphs, empty: Cell) -> list[Cell]:
    """The cells of one column, bottom first. Taller bars stand behind shorter ones."""
    cells = [empty] * rows
    if column.hanging:
        _stand(cells, scale.eighths(column.oldest_s, rows), (glyphs.waiting, "hanging"), (glyphs.hanging, "hanging"))
    for mark in sorted(column.marks, key=lambda one: -one.median_s):
        sign, style = glyphs.results[mark.result], mark.result.value
        height = scale.eighths(mark.median_s, rows)
        worst = (scale.eighths(mark.worst_s, rows) - 1) // EIGHTHS
        if cells[worst] == empty:
            cells[worst] = (glyphs.worst, style)
        if mark.result is Result.OK and mark.median_s >= LATE_S:
            _fill(cells, height, glyphs.levels, "late", body=glyphs.late)
        elif mark.result is Result.OK:
            _fill(cells, height, glyphs.levels, style)
        elif mark.result is Result.FALLBACK:
            _stand(cells, height, (sign, style), (sign, style))
        else:
            _stand(cells, height, (sign, style), (glyphs.stem, style))
    return cells


def errors(column: Column, glyphs: Glyphs) -> Cell:
    """How many of the ended requests did not succeed, as the height of one cell; nothing where all did."""
    if not column.ended:
        return (glyphs.waiting, "hanging") if column.hanging else (" ", "")
    failed = column.ended - column.succeeded
    # Rounded up: one failure among many shows.
    return (glyphs.levels[-(-failed * EIGHTHS // column.ended) - 1], "failed") if failed else (" ", "")


def amounts(columns: Sequence[int], glyphs: Glyphs, most: int, style: str) -> list[Cell]:
    """One cell a column: height is how much there was of it against the column with the most; nothing where there was none."""
    return [(glyphs.levels[-(-count * EIGHTHS // most) - 1], style) if count else (" ", "") for count in columns]


def traffic(columns: Sequence[HopColumn], glyphs: Glyphs, busiest: int) -> list[Cell]:
    """One cell a column: height grows with the square root of its calls, up to the busiest column of any lane.

    In a row of eighths a burst of a hundred would press everything that is ten times the usual into the floor.
    """
    return [
        _hop_cell(column, glyphs, min(isqrt(EIGHTHS**2 * column.calls // max(busiest, 1)), EIGHTHS - 1)) for column in columns
    ]


def delays(columns: Sequence[HopColumn], glyphs: Glyphs, scale: Scale) -> list[Cell]:
    """One cell a column: height is the median latency of the calls that went well."""
    return [_hop_cell(column, glyphs, scale.eighths(column.median_s or scale.top_s, 1) - 1) for column in columns]


def _hop_cell(column: HopColumn, glyphs: Glyphs, level: int) -> Cell:
    """Another texture when most calls failed, another sign while most still wait."""
    if not column.calls:
        return (" ", "")
    if column.hanging * 2 > column.calls:
        return (glyphs.hanging, "hanging")
    return (glyphs.bad[level], "bad") if column.failed * 2 > column.calls else (glyphs.levels[level], "busy")


def _fill(cells: list[Cell], height: int, levels: str, style: str, body: str = "") -> None:
    whole, part = divmod(height, EIGHTHS)
    for row in range(whole):
        cells[row] = (body or levels[-1], style)
    if part:
        cells[whole] = (levels[part - 1], style)


def _stand(cells: list[Cell], height: int, cap: Cell, stem: Cell) -> None:
    top = (height - 1) // EIGHTHS
    for row in range(top):
        cells[row] = stem
    cells[top] = cap


def _round_down(seconds: float) -> float:
    power = 10.0 ** floor(log10(seconds) + 1e-9)
    return power * max(step for step in _STEPS if power * step <= seconds * 1.0001)


def _round_up(seconds: float) -> float:
    power = 10.0 ** floor(log10(seconds) - 1e-9)
    return next((power * step for step in _STEPS if power * step >= seconds * 0.9999), power * 10.0)
