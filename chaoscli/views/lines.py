"""Lines of styled pieces: measured, cut, wrapped, and at last handed to rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import wrap

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

from chaoscli.views.bars import Cell
from chaoscli.views.glyphs import STYLES, Glyphs

Line = list[Cell]  # pieces of text with the name of their style


def spread(left: Line, right: Line, width: int, glyphs: Glyphs) -> Line:
    """One at each end; when both do not fit the right one goes."""
    space = width - length(left) - length(right)
    if space < 2:
        return cut(left, width, glyphs)
    return [*left, (" " * space, ""), *right]


def length(line: Iterable[Cell]) -> int:
    return sum(len(text) for text, _ in line)


def cut(line: Line, width: int, glyphs: Glyphs) -> Line:
    """The line, with a sign at its end where it is longer than ``width``."""
    over = length(line) - width
    if over <= 0:
        return line
    text, style = line[-1]
    return [*line[:-1], (text[: -over - len(glyphs.cut)] + glyphs.cut, style)]


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """The line, with what is too long of its last piece on further lines under it."""
    text, style = line[-1]
    indent = length(line[:2])
    first, *rest = wrap(text, max(width - indent, 10), initial_indent="x" * (length(line[:-1]) - indent)) or [""]
    yield [*line[:-1], (first[length(line[:-1]) - indent :], style)]
    for more in rest:
        yield [(" " * indent, ""), (more, style)]


def segments(line: Line, width: int) -> Iterator[Segment]:
    """The line cut to ``width``, neighbours of one style joined, without spaces at its end."""
    left = min(width, len("".join(text for text, _ in line).rstrip()))
    for style, cells in groupby(line, key=lambda cell: cell[1]):
        text = "".join(text for text, _ in cells)[:left]
        left -= len(text)
        if text:
            yield Segment(text, STYLES[style])


class Indented:
    """A renderable some characters in, without the spaces that tables and wrapped prose leave at the ends of their lines."""

    def __init__(self, inner: RenderableType, indent: int = 2, *, widest: int | None = None) -> None:
        self._inner = inner
        self._indent = indent
        self._widest = widest

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - self._indent
        room = max(min(room, self._widest or room), 1)
        for line in console.render_lines(self._inner, options.update(width=room, height=None), pad=False):
            kept = list(line)
            while kept and not kept[-1].text.strip():
                kept.pop()
            if kept:
                kept[-1] = Segment(kept[-1].text.rstrip(), kept[-1].style)
                yield Segment(" " * self._indent)
            yield from kept
            yield Segment.line()
