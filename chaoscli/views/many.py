"""The figures of many variants: a line for each variant, since so many columns would fit no screen; and a matrix as a grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Outcome, VariantOutcome
from chaoscli.views.glyphs import STYLES

# More columns of figures than these are narrower than their figures in 80 characters.
MOST_COLUMNS = 5
# Blocks of one grid; more would not be looked at.
MOST_BLOCKS = 4
_USUAL = ("success", "p99")
_BETWEEN = 2

Rows = Sequence[tuple[str, list[str]]]


class Lines:
    """A line for each variant and a column for each figure, as many of them as there is room for, first things first."""

    def __init__(self, variants: Sequence[str], rows: Rows) -> None:
        self._variants = variants
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = _grid()
        table.add_column(style=STYLES["lane"], no_wrap=True)
        left = options.max_width - max(map(len, self._variants), default=0)
        shown: list[list[str]] = []
        for label, values in self._rows:
            header = label.replace(": ", ":\n")
            width = max(len(one) for one in [*header.splitlines(), *values])
            if width + _BETWEEN > left:
                continue
            left -= width + _BETWEEN
            table.add_column(justify="right", vertical="bottom", no_wrap=True, header=Text(header, STYLES["faint"]))
            shown.append(values)
        for place, name in enumerate(self._variants):
            table.add_row(name, *(values[place] for values in shown))
        yield table

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)


class Dimension(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def options(self) -> tuple[str, ...]: ...


class Matrix(Protocol):
    @property
    def dimensions(self) -> Sequence[Dimension]: ...
    @property
    def cells(self) -> Mapping[tuple[str, ...], str]: ...


def matrix_grids(matrix: Matrix, outcome: Outcome) -> Group:
    """A grid for each measure that matters here: the last dimension's options side by side, the others' combinations below each
    other. Which matter is for the expectations to say, after those that always do."""
    variants = {variant.name: variant for variant in outcome.variants}
    figures = [(name, {one.name: _usual(one, name) for one in variants.values()}) for name in _USUAL]
    figures += [one for one in _of_expectations(outcome) if one[0] not in _USUAL]
    blocks = [_block(matrix, title, values) for title, values in figures[:MOST_BLOCKS]]
    spaced: list[RenderableType] = [one for block in blocks for one in (block, "")]
    return Group(*spaced[:-1])


def _usual(variant: VariantOutcome, name: str) -> str:
    return MEASURES[name].show(variant.measures.get(name))


def _of_expectations(outcome: Outcome) -> Iterator[tuple[str, dict[str, str]]]:
    """What was read of every cell because somebody expected something of it."""
    found: dict[str, dict[str, str]] = {}
    for check in outcome.checks:
        for reading in check.readings:
            found.setdefault(reading.text, {})[reading.variant] = reading.shown
    yield from ((text, values) for text, values in found.items() if len(values) == len(outcome.variants))


def _block(matrix: Matrix, title: str, values: Mapping[str, str]) -> Table:
    *rows, columns = matrix.dimensions
    table = _grid()
    table.add_column(header=Text(title, STYLES["title"]), style=STYLES["lane"], no_wrap=True)
    for option in columns.options:
        table.add_column(justify="right", header=Text(option, STYLES["lane"]), no_wrap=True)
    for combination in itertools.product(*(dimension.options for dimension in rows)):
        cells = [matrix.cells[(*combination, option)] for option in columns.options]
        table.add_row(" ".join(combination), *(values.get(cell, "") for cell in cells))
    return table


def _grid() -> Table:
    return Table(box=None, show_header=True, padding=(0, _BETWEEN, 0, 0), pad_edge=False)
