"""The list of playbooks, by what they teach."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from chaoscli.units import format_duration
from chaoscli.views.final import grid
from chaoscli.views.glyphs import STYLES, glyphs_for
from chaoscli.views.lines import Indented

INDENT = 2
BETWEEN = 2  # columns of a grid
LONGEST_TIME = 5  # as 12.5s is long, and one more


class Listed(Protocol):
    """What a line of the list says of one playbook."""

    @property
    def name(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def variants(self) -> tuple[str, ...]: ...
    @property
    def lasts_s(self) -> float: ...


class Listing:
    """Playbooks in the order given, a heading above each group."""

    def __init__(self, playbooks: Sequence[Listed]) -> None:
        self._playbooks = playbooks

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        apart = f" {glyphs_for(console).dot} "
        names = max((len(one.name) for one in self._playbooks), default=0)
        lines = [line for one in self._playbooks for line in (one.title, apart.join(one.variants))]
        # As wide in every group, so that the times stand under each other, and no wider than there is room.
        room = options.max_width - INDENT - names - LONGEST_TIME - 2 * BETWEEN
        widest = max(min(max(map(len, lines), default=0), room), 1)
        for group, members in groupby(self._playbooks, key=lambda one: one.group):
            yield Text(group or "Others", STYLES["title"])
            table = grid()
            table.add_column(style=STYLES["good"], no_wrap=True, min_width=names)
            table.add_column(width=widest)
            table.add_column(justify="right", style=STYLES["faint"], no_wrap=True, min_width=LONGEST_TIME)
            for one in members:
                what = Text(one.title).append("\n" + apart.join(one.variants), STYLES["faint"])
                table.add_row(one.name, what, format_duration(one.lasts_s))
            yield Indented(table, INDENT)
            yield ""
        count = len(self._playbooks)
        yield Text.assemble(
            f"{count} lesson{'' if count == 1 else 's'}. ", ("chaos explain NAME", STYLES["title"]), " says more, ",
            ("chaos run NAME", STYLES["title"]), " plays it",
        )  # fmt: skip
