"""A reference page: its sections one under the other, each thing that may be written with its usual value and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from chaoscli.views.explanation import WIDEST_PROSE
from chaoscli.views.final import grid
from chaoscli.views.glyphs import STYLES
from chaoscli.views.lines import Indented


class Row(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def written(self) -> str: ...
    @property
    def usual(self) -> str: ...
    @property
    def doc(self) -> str: ...


class Section(Protocol):
    """``text`` is shown as it is, line by line."""

    @property
    def heading(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def rows(self) -> Sequence[Row]: ...
    @property
    def source(self) -> str: ...
    @property
    def beside(self) -> Sequence[Sequence[str]]:
        """Rows of a table, the first of them its head; empty for none."""


class Page(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def lead(self) -> str: ...
    @property
    def sections(self) -> Sequence[Section]: ...
    @property
    def example(self) -> str: ...


class ReferencePage:
    """The page as a rich renderable."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        page = self._page
        yield Text(page.title, STYLES["title"])
        yield ""
        yield Indented(Text(page.lead), widest=WIDEST_PROSE)
        if page.example:
            yield ""
            yield Indented(Text(page.example, STYLES["number"], no_wrap=True, overflow="fold"))
        for section in page.sections:
            yield ""
            yield Text(section.heading, STYLES["title"])
            if section.text:
                yield Indented(Text(section.text, STYLES["number"], overflow="fold"))
            if section.doc:
                yield Indented(Text(section.doc), widest=WIDEST_PROSE)
            if section.rows:
                yield Indented(_table(section.rows))
            if section.beside:
                yield ""
                yield Indented(_beside(section.beside))
            if section.source:
                yield ""
                yield Indented(Text(section.source, STYLES["faint"]), widest=WIDEST_PROSE)


def _table(rows: Sequence[Row]) -> Table:
    """Name, how it is written and what is usual under each other, what it means."""
    table = grid()
    table.add_column(style=STYLES["lane"], no_wrap=True)
    table.add_column(overflow="fold", max_width=30)
    table.add_column(ratio=1)
    for row in rows:
        doc = Text(row.doc)
        if row.usual:
            doc.append(f"  ({row.usual})", STYLES["faint"])
        table.add_row(Text(row.name), Text(row.written), doc)
    return table


def _beside(rows: Sequence[Sequence[str]]) -> Table:
    """What is usual here and elsewhere, a column for each."""
    table = grid()
    head, *body = rows
    for place, name in enumerate(head):
        table.add_column(header=Text(name, STYLES["faint"]), style=STYLES["lane" if place == 0 else ""], overflow="fold")
    table.show_header = True
    for row in body:
        table.add_row(*map(Text, row))
    return table
