"""The spread of each measure over several runs of a playbook: the least, the middle and the most that was measured."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from chaoscli.checks.spread import Spread, spread_of
from chaoscli.measures.catalogue import MEASURES
from chaoscli.reports.series import Entry
from chaoscli.views.final import ALWAYS, LINK_ROWS, REQUEST_ROWS, grid
from chaoscli.views.glyphs import STYLES

TITLES = ("variant", "measure", "least", "median", "most")


def spread_rows(entry: Entry) -> Iterator[tuple[str, str, str, str, str]]:
    """Variant, measure, least, median, most: of the figures that say something. Runs without a verdict do not count."""
    for one in spread_of([take.last.outcome for take in entry.takes if take.last.judged]):
        if _says_something(one):
            show = MEASURES[one.measure].show
            missing = f" ({one.missing} without data)" if one.missing and one.least is not None else ""
            label = f"{one.link}: {one.measure}" if one.link else one.measure
            yield one.variant, label, show(one.least), show(one.median), show(one.most) + missing


def _says_something(one: Spread) -> bool:
    if one.link:
        return one.measure in LINK_ROWS and one.moved
    return one.measure in ALWAYS or (one.measure in REQUEST_ROWS and bool(one.most))


def spread_table(entry: Entry) -> Table:
    table = grid()
    for title in TITLES:
        table.add_column(header=Text(title, STYLES["faint"]), justify="left" if title in TITLES[:2] else "right")
    table.show_header = True
    before = ""
    for variant, measure, *values in spread_rows(entry):
        table.add_row(Text(variant if variant != before else "", STYLES["lane"]), measure, *values)
        before = variant
    return table
