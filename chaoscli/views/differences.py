"""Two recordings side by side, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from chaoscli.recording import Header
from chaoscli.views.final import grid
from chaoscli.views.glyphs import STYLES


class Told(Protocol):
    """What a row says."""

    @property
    def variant(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def change(self) -> str: ...
    @property
    def same(self) -> bool: ...


class Differences:
    """A row for each thing that differs, or for everything if ``all_rows``; then how many there are. ``same_events``: the two
    tell the very same."""

    def __init__(
        self, told: Sequence[Told], headers: tuple[Header, Header], *, same_events: bool = False, all_rows: bool = False
    ) -> None:
        self._told = told
        self._headers = headers
        self._same_events = same_events
        self._all_rows = all_rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [one for one in self._told if self._all_rows or not one.same]
        if rows:
            table = grid()
            first, second = (f"seed {header.seed}\n{header.world}" for header in self._headers)
            for title in ("", "", first, second, ""):
                right = title in (first, second)
                table.add_column(header=Text(title, STYLES["faint"]), overflow="fold", justify="right" if right else "left")
            table.show_header = True
            variant = ""
            for one in rows:
                label = Text(one.variant if one.variant != variant else "", STYLES["lane"])
                variant = one.variant
                table.add_row(label, one.what, one.before, one.after, Text(one.change, STYLES["number"]))
            yield table
        differing = sum(not one.same for one in self._told)
        if self._same_events:
            yield Text("the same to the last event")
        elif not self._told:
            yield Text("nothing to compare: no variant is in both")
        else:
            yield Text(f"{differing} of {len(self._told)} differ")
