"""What a command played as a page of Markdown: the verdicts in a table, then what did not hold, and the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chaoscli.errors import ExitCode
from chaoscli.outcome import Check
from chaoscli.reports.characters import clean
from chaoscli.reports.series import Entry, Series, Take, blame, sentence
from chaoscli.units import format_duration
from chaoscli.views.final import measure_rows
from chaoscli.views.spread import spread_rows

HELD, FLAKY, BROKEN, NOT_PLAYED = "✅", "⚠️", "❌", "➖"


def markdown(series: Series) -> str:
    """The whole page; it ends with a newline."""
    lines = [f"## chaos: {series.headline}", "", *_overview(series)]
    for entry in series.entries:
        lines += ["", *_section(entry)]
    return clean("\n".join(lines)) + "\n"


def sign(entry: Entry) -> str:
    if entry.wrong is None and not entry.played:
        return NOT_PLAYED
    if entry.flaky:
        return FLAKY
    return HELD if entry.exit_code is ExitCode.HELD else BROKEN


def _overview(series: Series) -> Iterator[str]:
    yield from _table_head(["", "playbook", "verdict", "expectations", "took"])
    for entry in series.entries:
        took = format_duration(entry.took_s) if entry.played else ""
        yield _row([sign(entry), cell(entry.name), entry.word, counted(entry), took])


def counted(entry: Entry) -> str:
    """How many of the expectations held, over all takes; empty where nothing was judged."""
    checks = entry.checks
    return f"{sum(check.held for check in checks)} of {len(checks)}" if checks else ""


def _section(entry: Entry) -> Iterator[str]:
    title = f": {cell(entry.title)}" if entry.title else ""
    yield f"### {sign(entry)} {cell(entry.name)}{title}"
    if entry.wrong is not None:
        yield from ["", *_block(entry.wrong.render())]
    for take in entry.takes:
        yield from _take(entry, take)
    if entry.compared is not None and entry.compared.worse:
        yield from ["", "Worse than the baseline:", "", *(f"- {cell(str(one))}" for one in entry.compared.worse)]
    if entry.compared is not None and entry.compared.note:
        yield from ["", cell(entry.compared.note)]
    if entry.played:
        yield from _figures(entry)


def _take(entry: Entry, take: Take) -> Iterator[str]:
    last = take.last
    broken = last.outcome.broken if last.judged else ()
    if len(take.attempts) > 1 or (len(entry.takes) > 1 and take.exit_code):
        yield from ["", f"Seed {last.outcome.seed}: {', then '.join(_word(take))}."]
    if last.trouble:
        yield from ["", *_block(last.trouble)]
    if broken:
        yield from ["", *_table_head(["did not hold", "measured"])]
        yield from (_row([code(sentence(check)), cell(_measured(check))]) for check in broken)
    if take.exit_code or take.flaky:
        yield from ["", *_block(last.repeat)]


def _word(take: Take) -> Iterator[str]:
    words = {ExitCode.HELD: "held", ExitCode.VIOLATED: "did not hold", ExitCode.INTERRUPTED: "interrupted"}
    return (words.get(attempt.exit_code, "could not be made") for attempt in take.attempts)


def _measured(check: Check) -> str:
    return "; ".join(part for part in (check.shown, *blame(check)) if part)


def _figures(entry: Entry) -> Iterator[str]:
    yield from ["", "<details><summary>figures</summary>", ""]
    if len(entry.takes) > 1:
        yield from _table_head(["variant", "measure", "least", "median", "most"])
        yield from (_row([cell(one) for one in row]) for row in spread_rows(entry))
    else:
        outcome = entry.takes[0].last.outcome
        yield from _table_head(["", *(cell(variant.name) for variant in outcome.variants)])
        yield from (_row([cell(label), *values]) for label, values in measure_rows(outcome))
    yield from ["", "</details>"]


def _table_head(titles: Sequence[str]) -> Iterator[str]:
    yield _row(titles)
    yield "|" + "---|" * len(titles)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(text: str) -> str:
    """Text as text, in a table or out of it: nothing in it is markup, and it stays in one line."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", " ".join(clean(text).split()))  # colours first, while they look like some


def code(text: str) -> str:
    """In code's letters, in one line; even there a table's bar needs its stroke."""
    one_line = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", one_line)), default=0) + 1)
    space = " " if "`" in one_line else ""
    return f"{fence}{space}{one_line}{space}{fence}"


def _block(text: str) -> list[str]:
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return [f"{fence}text", *text.splitlines(), fence]
