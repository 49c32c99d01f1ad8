"""Two worlds side by side: where they differ, by how much they may, and how much was compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from chaoscli.units import format_duration
from chaoscli.views.final import grid
from chaoscli.views.glyphs import STYLES, glyphs_for

# A host with nothing else to do starts every request within a few milliseconds of its time.
BUSY_S = 0.010


class Compared(Protocol):
    """What a row says."""

    @property
    def variant(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def real(self) -> str: ...
    @property
    def simulated(self) -> str: ...
    @property
    def tolerance(self) -> str: ...
    @property
    def agrees(self) -> bool: ...
    @property
    def reason(self) -> str: ...


class Agreement:
    """One playbook: a row for each difference, or for everything if ``all_rows``; then the count, what a message took
    in both worlds, and how late the real load was at worst, which tells how busy the host was."""

    def __init__(
        self, playbook: str, compared: Sequence[Compared], *, message_s: float = 0.0, late_s: float = 0.0, all_rows: bool = False
    ) -> None:
        self._playbook = playbook
        self._message_s = message_s
        self._late_s = late_s
        self._compared = compared
        self._all_rows = all_rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(console)
        rows = [one for one in self._compared if self._all_rows or not one.agrees]
        if rows:
            table = grid()
            for title in ("", "", "", "real", "simulated", "may differ by"):
                table.add_column(header=Text(title, STYLES["faint"]), overflow="fold")
            table.show_header = True
            for one in rows:
                sign = Text(glyphs.yes, STYLES["good"]) if one.agrees else Text(glyphs.no, STYLES["wrong"])
                if one.reason:
                    sign = Text(glyphs.dot, STYLES["faint"])
                cells = (
                    Text(one.variant, STYLES["lane"]),
                    one.what,
                    one.real,
                    one.simulated,
                    Text(one.reason or one.tolerance, STYLES["faint"]),
                )
                table.add_row(sign, *cells)
            yield table
        agreed = sum(one.agrees for one in self._compared)
        excepted = sum(bool(one.reason) for one in self._compared)
        fine = agreed + excepted == len(self._compared)
        sign = Text(glyphs.yes, STYLES["good"]) if fine else Text(glyphs.no, STYLES["wrong"])
        but = f", and differ with a reason on {excepted}" if excepted else ""
        links = f", with links of {format_duration(self._message_s)}" if self._message_s else ""
        late = f"; the real load was up to {format_duration(self._late_s)} late, by a busy host" if self._late_s > BUSY_S else ""
        yield Text.assemble(sign, f" {self._playbook}: the worlds agree on {agreed} of {len(self._compared)}{but}{links}{late}")
