"""The end of a command that played more than one run: a table of all playbooks, what got worse, the commands to repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from chaoscli.errors import ExitCode
from chaoscli.reports.series import Entry, Series
from chaoscli.units import format_duration
from chaoscli.views.final import grid
from chaoscli.views.glyphs import STYLES, Glyphs, glyphs_for
from chaoscli.views.lines import Indented
from chaoscli.views.spread import spread_table

# So many rows can be read without headings between them.
MOST_WITHOUT_HEADINGS = 10


class Closing:
    """Spreads where there were several takes, a row for each playbook, and what got worse. ``group_of`` says under which heading
    a row belongs where there are many; those that have none come without."""

    def __init__(self, series: Series, group_of: Callable[[str], str] = lambda name: "") -> None:
        self._series = series
        self._group_of = group_of

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(console)
        for entry in self._series.entries:
            if len(entry.takes) > 1:
                yield ""
                yield Text(f"{entry.name}: the spread of {len(entry.takes)} runs", STYLES["title"])
                yield Indented(spread_table(entry))
        yield ""
        yield from self._rows(glyphs)
        yield from _worse(self._series)

    def _rows(self, glyphs: Glyphs) -> Iterator[RenderableType]:
        entries = self._series.entries
        widths = [max((len(cell) for cell in column), default=0) for column in zip(*map(_texts, entries), strict=True)]
        many = len(entries) > MOST_WITHOUT_HEADINGS
        for group, members in groupby(entries, key=lambda entry: self._group_of(entry.name) if many else ""):
            if group:
                yield Text(group, STYLES["title"])
            table = grid()
            table.add_column(no_wrap=True)
            for width in widths:
                table.add_column(min_width=width)
            for entry in members:
                table.add_row(_sign(entry, glyphs), Text(entry.name, STYLES["lane"]), *_cells(entry))
            yield Indented(table, 0)


def _texts(entry: Entry) -> tuple[str, str, str, str]:
    return (entry.name, *_cells(entry))


def headline(series: Series, glyphs: Glyphs) -> Text:
    """The last line: how many ended how, and what the command exits with."""
    code = series.exit_code
    held = code is ExitCode.HELD
    said = Text(f"{glyphs.yes if held else glyphs.no} {series.headline}", STYLES["good" if held else "wrong"])
    return said.append(f"  (exit {code.value})", STYLES["faint"])


def again(series: Series) -> Iterator[str]:
    """The commands that play again what did not hold, or not at once. To be copied, so they are for lines of their own."""
    for entry in series.entries:
        yield from dict.fromkeys(take.last.repeat for take in entry.takes if take.exit_code or take.flaky)


def _sign(entry: Entry, glyphs: Glyphs) -> Text:
    if entry.wrong is None and not entry.played:
        return Text(glyphs.dot, STYLES["faint"])
    held = entry.exit_code is ExitCode.HELD
    return Text(glyphs.yes, STYLES["good"]) if held else Text(glyphs.no, STYLES["wrong"])


def _cells(entry: Entry) -> tuple[str, str, str]:
    checks = entry.checks
    counted = f"{sum(check.held for check in checks)} of {len(checks)} expectations" if checks else ""
    return _word(entry), counted, format_duration(entry.took_s) if entry.played else ""


def _word(entry: Entry) -> str:
    """How it ended, and in how many of its takes and attempts."""
    takes = len(entry.takes)
    if takes > 1:
        held = sum(take.exit_code is ExitCode.HELD for take in entry.takes)
        return f"{entry.word}, {held} of {takes} runs held" if held < takes else f"{entry.word}, all {takes} runs"
    if entry.flaky:
        return f"flaky, held at attempt {len(entry.takes[0].attempts)}"
    return entry.word


def _worse(series: Series) -> Iterator[Text]:
    for entry in series.entries:
        if entry.compared is None:
            continue
        if entry.compared.worse or entry.compared.note:
            yield Text("")
        if entry.compared.worse:
            yield Text(f"{entry.name}: worse than the baseline", STYLES["title"])
            yield from (Text(f"  {one}", STYLES["wrong"]) for one in entry.compared.worse)
        if entry.compared.note:
            yield Text(f"{entry.name}: {entry.compared.note}", STYLES["faint"])
