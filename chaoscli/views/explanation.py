"""What a playbook is about, on one page: its lesson, who calls whom, what goes wrong when, and what each variant changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from chaoscli.units import format_duration
from chaoscli.views.final import grid, unwrapped
from chaoscli.views.glyphs import STYLES, UNICODE, Glyphs, glyphs_for
from chaoscli.views.lines import Indented

# Lines of prose longer than this are tiring to read, however wide the terminal.
WIDEST_PROSE = 88
# Those that are alike share a line, as far as they can be told on a few.
MOST_NAMES = 20
WIDEST_NAMES = 34
MOST_ALIKE = 2
# How the diagram's strokes are written where only ASCII can be shown.
_PLAIN_STROKES = str.maketrans({"─": "-", "│": "|", "┬": "+", "├": "+", "└": "+", "…": "..."})


class Part(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def doc(self) -> str: ...


class Moment(Protocol):
    @property
    def at_s(self) -> float: ...
    @property
    def until_s(self) -> float | None: ...
    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def targets(self) -> tuple[str, ...]: ...
    @property
    def only_in(self) -> tuple[str, ...]: ...


class Difference(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def changes(self) -> tuple[str, ...]: ...


class Parameter(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def default(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def one_of(self) -> tuple[str, ...]: ...


class Drawing(Protocol):
    @property
    def lines(self) -> tuple[str, ...]: ...
    @property
    def only_in(self) -> tuple[str, ...]: ...


class Explanation(Protocol):
    """What there is to say of a playbook before it is played. ``diagram`` is lines of text."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def lesson(self) -> str: ...
    @property
    def drawings(self) -> Sequence[Drawing]: ...
    @property
    def parts(self) -> Sequence[Part]: ...
    @property
    def lasts_s(self) -> float: ...
    @property
    def timeline(self) -> Sequence[Moment]: ...
    @property
    def variants(self) -> Sequence[Difference]: ...
    @property
    def parameters(self) -> Sequence[Parameter]: ...
    @property
    def expectations(self) -> tuple[str, ...]: ...


class ExplanationPage:
    """The page as a rich renderable."""

    def __init__(self, explanation: Explanation) -> None:
        self._of = explanation

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(console)
        about = self._of
        yield Text(f"{about.name}: {about.title}", STYLES["title"])
        if about.lesson:
            yield ""
            yield Indented(Text(unwrapped(about.lesson)), widest=WIDEST_PROSE)
        for heading, part in self._parts(glyphs):
            yield ""
            if heading:
                yield Text(heading, STYLES["title"])
            yield Indented(part)
        yield ""
        yield Text.assemble("  ", (f"chaos run {about.name}", STYLES["title"]), f"   {_lasting(about)}")

    def _parts(self, glyphs: Glyphs) -> Iterator[tuple[str, RenderableType]]:
        about = self._of
        for drawing in about.drawings:
            strokes = "\n".join(drawing.lines)
            where = f" in {', '.join(drawing.only_in)}" if drawing.only_in else ""
            yield (
                f"who calls whom{where}",
                Text(strokes if glyphs is UNICODE else strokes.translate(_PLAIN_STROKES), no_wrap=True),
            )
        yield "", _parts_table(about.parts)
        if about.timeline:
            yield "what goes wrong", _moments_table(about.timeline)
        yield "variants", _variants_table(about.variants)
        if about.parameters:
            yield "parameters, for --set NAME=VALUE", _parameters_table(about.parameters)
        if about.expectations:
            yield "expected", Text("\n".join(about.expectations))


def _lasting(about: Explanation) -> str:
    several = f"{len(about.variants)} variants side by side, " if len(about.variants) > 1 else ""
    return f"{several}{format_duration(about.lasts_s)}"


def _parts_table(parts: Sequence[Part]) -> Table:
    """One line for each, and one for all that are alike."""
    table = grid()
    table.add_column(max_width=WIDEST_NAMES)
    alike: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        alike.setdefault((part.kind, part.doc), []).append(part.name)
    for (kind, doc), names in alike.items():
        shown = "" if kind in ("load", names[0]) else kind
        table.add_row(Text(_few(names), STYLES["lane"]), Text(shown, STYLES["faint"]), Text(doc))
    return table


def _few(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more"


def _moments_table(moments: Sequence[Moment]) -> Table:
    table = grid()
    for moment in moments:
        only = f" (only in {', '.join(moment.only_in)})" if moment.only_in else ""
        table.add_row(Text(_when(moment), STYLES["faint"]), Text(moment.name, STYLES["fault"]), Text(_harm(moment) + only))
    return table


def _harm(moment: Moment) -> str:
    """In words, and whom it meets unless the words say so."""
    names = {name for target in moment.targets for name in target.split(" -> ")}
    if not names or any(re.search(rf"\b{re.escape(name)}\b", moment.text) for name in names):
        return moment.text
    return f"{moment.text} ({_few(moment.targets)})"


def _when(moment: Moment) -> str:
    begins = format_duration(moment.at_s) if moment.at_s else "0s"
    if moment.until_s == moment.at_s:
        return begins
    return f"{begins} to {'the end' if moment.until_s is None else format_duration(moment.until_s)}"


def _parameters_table(parameters: Sequence[Parameter]) -> Table:
    table = grid()
    for one in parameters:
        written = " | ".join(one.one_of) or one.type
        usual = f"({one.default})" if one.default else "(must be set)"
        table.add_row(
            Text(one.name, STYLES["lane"]), Text(written, STYLES["faint"]), Text(" ".join(filter(None, [one.help, usual])))
        )
    return table


def _told(changes: Sequence[str]) -> Iterator[str]:
    """Each as it is written; what is changed alike in several services, in one line."""
    alike: dict[str, list[str]] = {}
    for name, what in map(_split, changes):
        alike.setdefault(what, []).append(name)
    for change in changes:
        name, what = _split(change)
        if not what or len(alike[what]) <= MOST_ALIKE:
            yield change
        elif name == alike[what][0]:
            yield f"{what} ({_few(alike[what])})"


def _split(change: str) -> tuple[str, str]:
    """``order.workers: 2`` into order and what it is changed to; nothing for what is not of one service."""
    path, colon, value = change.partition(": ")
    name, dot, rest = path.partition(".")
    return name, f"{rest}{colon}{value}" if dot else ""


def _variants_table(variants: Sequence[Difference]) -> Table:
    table = grid()
    for variant in variants:
        lines = Text("\n").join(
            [
                *([Text(variant.summary)] if variant.summary else []),
                *(Text(one, STYLES["faint"]) for one in _told(variant.changes)),
            ]
        )
        table.add_row(Text(variant.name, STYLES["lane"]), lines if lines else Text("as written", STYLES["faint"]))
    return table
