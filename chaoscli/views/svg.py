"""A picture as an SVG file that fetches nothing: bars are drawn as shapes, so they meet whatever font the reader has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from io import StringIO

from rich.cells import cell_len
from rich.color import Color
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

# Pixels of one character cell; the text is set to these widths, so the columns hold in any monospaced font.
CELL_WIDTH, CELL_HEIGHT = 8.4, 17.0
BASELINE = 12.8
FONT_SIZE = 14
MARGIN, BAR = 14.0, 30.0
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
# Dim text is this far from the background.
DIM = 0.55

# A dark page with colours that stay apart for most kinds of colour blindness; signs carry the meaning anyway.
THEME = TerminalTheme(
    (22, 24, 33),
    (205, 211, 222),
    [
        (22, 24, 33),
        (240, 96, 90),
        (94, 190, 120),
        (236, 190, 84),
        (92, 148, 236),
        (200, 130, 220),
        (86, 190, 210),
        (205, 211, 222),
    ],
    [
        (110, 118, 135),
        (255, 120, 112),
        (120, 215, 145),
        (255, 210, 110),
        (120, 170, 255),
        (220, 150, 240),
        (110, 215, 232),
        (255, 255, 255),
    ],
)
_LEVELS = "▁▂▃▄▅▆▇█"
_SHADES = {"░": 0.20, "▒": 0.55, "▓": 0.8}


def svg_of(renderable: RenderableType, *, width: int, title: str) -> str:
    """The renderable in a window of ``width`` characters."""
    console = Console(width=width, file=StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False)
    lines = console.render_lines(renderable, pad=False)
    pixels_wide, pixels_high = width * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + BAR + MARGIN
    body = "\n".join(part for row, line in enumerate(lines) for part in _line(line, row))
    return _PAGE.format(
        wide=_number(pixels_wide),
        high=_number(pixels_high),
        title=escape(title),
        middle=_number(pixels_wide / 2),
        background=THEME.background_color.hex,
        foreground=THEME.foreground_color.hex,
        edge=_mix(THEME.foreground_color.hex, 0.2),
        faint=_mix(THEME.foreground_color.hex, DIM),
        fonts=FONTS,
        size=FONT_SIZE,
        body=body,
    )


_PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img">
<title>{title}</title>
<style>text {{ font: {size}px {fonts}; white-space: pre }} .b {{ font-weight: 700 }}</style>
<rect x="0.5" y="0.5" width="100%" height="100%" rx="8" fill="{background}" stroke="{edge}"/>
<circle cx="18" cy="15" r="5" fill="#f0605a"/><circle cx="36" cy="15" r="5" fill="#ecbe54"/>
<circle cx="54" cy="15" r="5" fill="#5ebe78"/>
<text x="{middle}" y="19" text-anchor="middle" fill="{faint}">{title}</text>
{body}
</svg>
"""


def _line(line: list[Segment], row: int) -> Iterator[str]:
    column = 0
    for text, style, control in line:
        if control or not text:
            continue
        yield from _run(text, style or Style.null(), column, row)
        column += cell_len(text)


def _run(text: str, style: Style, column: int, row: int) -> Iterator[str]:
    """One stretch of one style: shapes for bars and shades, text for the rest."""
    ink = _ink(style)
    if style.bgcolor is not None and style.bgcolor.type != Color.default().type:
        yield _rect(column, row, len(text), 0.0, 1.0, style.bgcolor.get_truecolor(THEME, foreground=False).hex)
    start = 0
    while start < len(text):
        kind = _kind(text[start])
        end = start
        while end < len(text) and _kind(text[end]) == kind and (kind == "text" or text[end] == text[start]):
            end += 1
        piece, at = text[start:end], column + start
        if kind == "level":
            share = (_LEVELS.index(piece[0]) + 1) / 8
            yield _rect(at, row, len(piece), 1.0 - share, share, ink)
        elif kind == "shade":
            yield _rect(at, row, len(piece), 0.0, 1.0, ink, _SHADES[piece[0]])
        else:
            yield from _texts(piece, at, row, ink, bold=bool(style.bold))
        start = end


def _kind(sign: str) -> str:
    return "level" if sign in _LEVELS else "shade" if sign in _SHADES else "text"


def _rect(column: int, row: int, length: int, top: float, high: float, ink: str, opacity: float = 1.0) -> str:
    x, y = MARGIN + column * CELL_WIDTH, BAR + (row + top) * CELL_HEIGHT
    faint = f' fill-opacity="{opacity}"' if opacity < 1.0 else ""
    # A hair of overlap hides the seam between neighbours.
    size = f'width="{_number(length * CELL_WIDTH + 0.2)}" height="{_number(high * CELL_HEIGHT + 0.2)}"'
    return f'<rect x="{_number(x)}" y="{_number(y)}" {size} fill="{ink}"{faint}/>'


def _texts(piece: str, column: int, row: int, ink: str, *, bold: bool) -> Iterator[str]:
    """Words one space apart stay together; wider gaps part them, since not every reader keeps a run of spaces."""
    y = BAR + row * CELL_HEIGHT + BASELINE
    weight = ' class="b"' if bold else ""
    for words in re.finditer(r"\S+(?: \S+)*", piece):
        x = MARGIN + (column + cell_len(piece[: words.start()])) * CELL_WIDTH
        length = _number(cell_len(words[0]) * CELL_WIDTH)
        yield f'<text x="{_number(x)}" y="{_number(y)}" textLength="{length}" fill="{ink}"{weight}>{escape(words[0])}</text>'


def _ink(style: Style) -> str:
    plain = style.color is None or style.color.type == Color.default().type
    ink = THEME.foreground_color.hex if plain or style.color is None else style.color.get_truecolor(THEME).hex
    return _mix(ink, DIM) if style.dim else ink


def _mix(ink: str, share: float) -> str:
    """The colour, ``share`` of it over the background."""
    over, under = (tuple(int(text[place : place + 2], 16) for place in (1, 3, 5)) for text in (ink, THEME.background_color.hex))
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in zip(over, under, strict=True))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
