"""A plan on one page: who starts, what happens when, how long callers may wait, what one request may become."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from chaoscli.units import format_duration, format_factor
from chaoscli.views.explanation import WIDEST_PROSE
from chaoscli.views.final import grid
from chaoscli.views.glyphs import STYLES
from chaoscli.views.lines import Indented


class Happening(Protocol):
    @property
    def at_s(self) -> float: ...
    @property
    def text(self) -> str: ...
    @property
    def only_in(self) -> tuple[str, ...]: ...


class Chain(Protocol):
    @property
    def variant(self) -> str: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def waits_s(self) -> float: ...
    @property
    def least(self) -> float: ...
    @property
    def most(self) -> float: ...
    @property
    def usual_s(self) -> float | None: ...
    @property
    def ends(self) -> tuple[str, ...]: ...


class Plan(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def lasts_s(self) -> float: ...
    @property
    def variants(self) -> tuple[str, ...]: ...
    @property
    def starts(self) -> Sequence[Sequence[str]]: ...
    @property
    def further(self) -> Sequence[str]: ...
    @property
    def offers(self) -> Sequence[str]: ...
    @property
    def happenings(self) -> Sequence[Happening]: ...
    @property
    def chains(self) -> Sequence[Chain]: ...
    @property
    def expectations(self) -> Sequence[str]: ...


# Of a net of calls there are more ways than anybody reads: those that multiply most and wait longest.
MOST_SHOWN = 8
MOST_NAMED = 12  # services of one wave

FOOTNOTE = (
    "A request takes the work on its way when all is well, without a queue. Waits are for what the callers' policies allow when"
    " the last of the chain says nothing; the work comes on top. Calls are those that the last one gets for one request of the"
    " load: when nothing fails, and when every try does."
)


class PlanPage:
    """The page as a rich renderable."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plan = self._plan
        yield Text(f"{plan.name}: {plan.title}", STYLES["title"])
        yield Text(f"{format_duration(plan.lasts_s)}, side by side: {', '.join(plan.variants)}", STYLES["faint"])
        yield from self._headed("who starts", _starts(plan))
        yield from self._headed("what happens when", _happenings(plan.happenings))
        if plan.chains:
            yield from self._headed("what to expect of each chain", _chains(plan.chains))
            yield Indented(Text(FOOTNOTE, STYLES["faint"]), widest=WIDEST_PROSE)
        if plan.expectations:
            yield from self._headed("what must hold", Text("\n".join(plan.expectations)))

    def _headed(self, heading: str, body: Table | Text) -> Iterator[Text | str | Indented]:
        yield ""
        yield Text(heading, STYLES["title"])
        yield Indented(body)


def _starts(plan: Plan) -> Table:
    table = grid()
    for number, wave in enumerate(plan.starts, start=1):
        more = f", and {len(wave) - MOST_NAMED} more" if len(wave) > MOST_NAMED else ""
        table.add_row(Text(f"{number}.", STYLES["faint"]), Text(", ".join(wave[:MOST_NAMED]) + more, STYLES["lane"]))
    for one in plan.further:
        table.add_row("", Text(one, STYLES["faint"]))
    for offer in plan.offers:
        table.add_row(Text(f"{len(plan.starts) + 1}.", STYLES["faint"]), Text(offer))
    return table


def _happenings(happenings: Sequence[Happening]) -> Table:
    table = grid()
    table.add_column(justify="right", style=STYLES["number"], no_wrap=True)
    table.add_column(ratio=1)
    for one in happenings:
        only = f" (only in {', '.join(one.only_in)})" if one.only_in else ""
        table.add_row(format_duration(one.at_s) if one.at_s else "0s", Text(one.text + only))
    return table


def telling(chains: Sequence[Chain]) -> tuple[list[Chain], int]:
    """Of each variant the chains worth a row, in their order, and how many are left out in all."""
    kept: list[Chain] = []
    for variant in dict.fromkeys(chain.variant for chain in chains):
        own = [chain for chain in chains if chain.variant == variant]
        ranked = sorted(own, key=lambda chain: (chain.usual_s is None, -chain.most, -chain.waits_s))[:MOST_SHOWN]
        kept += [chain for chain in own if chain in ranked]
    return kept, len(chains) - len(kept)


def left_out(count: int) -> str:
    return f"and {count} more, which multiply and wait no more than these" if count else ""


def _chains(chains: Sequence[Chain]) -> Table:
    table = grid()
    for title in ("", "chain", "takes", "waits at most", "calls for one"):
        table.add_column(header=Text(title, STYLES["faint"]), overflow="fold", no_wrap=not title)
    table.show_header = True
    before = ""
    shown, more = telling(chains)
    for one in shown:
        name = one.variant if one.variant != before else ""
        waits = "for ever" if math.isinf(one.waits_s) else format_duration(one.waits_s)
        calls = format_factor(one.least) + (f" to {format_factor(one.most)}" if one.most != one.least else "")
        takes = "" if one.usual_s is None else format_duration(one.usual_s)
        table.add_row(Text(name, STYLES["lane"]), Text(" -> ".join(one.path)), takes, waits, calls)
        before = one.variant
    if more:
        table.add_row("", Text(left_out(more), STYLES["faint"]))
    return table
