"""Many variants are lines, and a matrix is a grid for each measure that matters."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

from rich.console import RenderableType

from chaoscli.outcome import Check, Outcome, Reading, VariantOutcome
from chaoscli.views.final import measures_table
from chaoscli.views.many import MOST_COLUMNS, matrix_grids
from tests.views.golden import drawn

MATRIX = SimpleNamespace(
    dimensions=(
        SimpleNamespace(name="timeout", options=("short", "long")),
        SimpleNamespace(name="retry", options=("never", "twice")),
    ),
    cells={pair: "_".join(pair) for pair in itertools.product(("short", "long"), ("never", "twice"))},
)
CELLS = tuple(MATRIX.cells.values())


def outcome(names: tuple[str, ...], checks: tuple[Check, ...] = ()) -> Outcome:
    variants = tuple(
        VariantOutcome(
            name=name, measures={"requests": 10.0, "success": 0.9 + place / 100, "p50": 0.02, "p99": 0.1, "slowest": 0.2}
        )
        for place, name in enumerate(names)
    )
    return Outcome(playbook="p", title="", seed=1, world="real", variants=variants, checks=checks)


def lines(renderable: RenderableType, width: int = 80) -> list[str]:
    return [line.rstrip() for line in drawn(renderable, width).splitlines()]


def test_more_variants_than_columns_are_lines() -> None:
    names = tuple(f"variant-{number}" for number in range(MOST_COLUMNS + 1))
    assert lines(measures_table(outcome(names)))[:3] == [
        "           requests  success   p50    p99  slowest",
        "variant-0        10      90%  20ms  100ms    200ms",
        "variant-1        10      91%  20ms  100ms    200ms",
    ]
    assert len(lines(measures_table(outcome(names)))) == 1 + len(names)


def test_of_the_figures_of_many_those_are_shown_that_there_is_room_for() -> None:
    names = tuple(f"variant-{number}" for number in range(MOST_COLUMNS + 1))
    assert lines(measures_table(outcome(names)), 32)[:2] == ["           requests  success", "variant-0        10      90%"]


def test_a_matrix_is_a_grid_for_each_measure_and_for_what_was_expected_of_every_cell() -> None:
    everywhere = tuple(Reading(text="peak", variant=cell, value=1.0, shown=f"{place}/s") for place, cell in enumerate(CELLS))
    somewhere = (Reading(text="recovery", variant=CELLS[0], value=1.0, shown="1s"),)
    checks = tuple(Check(text="c", variant="", held=True, readings=readings) for readings in (everywhere, somewhere))
    assert lines(matrix_grids(MATRIX, outcome(CELLS, checks))) == [
        "success  never  twice",
        "short      90%    91%",
        "long       92%    93%",
        "",
        "p99    never  twice",
        "short  100ms  100ms",
        "long   100ms  100ms",
        "",
        "peak   never  twice",
        "short    0/s    1/s",
        "long     2/s    3/s",
    ]


def test_cells_that_were_not_played_are_empty() -> None:
    assert lines(matrix_grids(MATRIX, outcome(CELLS[:2])))[:3] == ["success  never  twice", "short      90%    91%", "long"]
