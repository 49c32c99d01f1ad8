"""What is left on the screen when a run is over: the picture, the figures, the verdict, what to notice, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from chaoscli.errors import ExitCode
from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Check, FaultReport, Figure, Outcome, RunProblem, TraceReport
from chaoscli.recording import RunRecording
from chaoscli.units import format_duration
from chaoscli.views.glyphs import STYLES, Glyphs, glyphs_for
from chaoscli.views.layout import plot_width
from chaoscli.views.lines import Indented
from chaoscli.views.many import MOST_COLUMNS, Lines
from chaoscli.views.scene import MULTIPLIED, Scene
from chaoscli.views.source import SceneSource
from chaoscli.views.timeline import Timeline, subtitle_of, summaries_of, title_of

# The figures of the table, if any variant has something to show for them.
REQUEST_ROWS = (
    "requests",
    "success",
    "p50",
    "p99",
    "slowest",
    "timeouts",
    "fallbacks",
    "unanswered",
    "skipped",
    "recovery",
    "duplicates",
    "lost_writes",
    "lateness_p50",
    "lateness_max",
)
LINK_ROWS = ("timeouts", "peak", "amplification", "p50")
# With more links than these, their latencies are left to the picture, which has them beside each hop.
MOST_LINKS = 4
# Rows about links: more than these are not read. Those of the most calls in trouble are kept.
MOST_LINK_ROWS = 16
# What a fault report calls the instants of its fault.
TIMES = ("begins", "ends")
TRAFFIC_ROWS = ("peak", "amplification")
ALWAYS = ("requests", "success", "p50", "p99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the playbook and the command have to say at the end; all may be empty. ``error`` is why the run was not made,
    ``parts`` are headings with something to draw under each, shown before what was expected."""

    notice: str = ""
    next_playbook: str = ""
    repeat: str = ""
    error: str = ""
    exit_code: ExitCode | None = None
    parts: Sequence[tuple[str, RenderableType]] = ()


class Final:
    """The whole end of a run as a rich renderable."""

    def __init__(self, run: RunRecording, outcome: Outcome, ending: Ending | None = None) -> None:
        self._run = run
        self._outcome = outcome
        self._ending = ending or Ending()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(console)
        scene = final_scene(self._run, options.max_width)
        if any(lane.tally.requests for lane in scene.lanes):
            yield Timeline(scene)
            yield ""
            yield Indented(measures_table(self._outcome), 0)
        for title, part in self._parts(glyphs):
            yield ""
            yield Text(title, STYLES["title"])
            yield Indented(part)
        yield ""
        yield verdict(self._outcome, self._ending, glyphs)

    def _parts(self, glyphs: Glyphs) -> Iterator[tuple[str, RenderableType]]:
        outcome, ending = self._outcome, self._ending
        if outcome.faults:
            yield "faults, asked and achieved", faults_table(outcome.faults, glyphs)
        if outcome.traces:
            yield "where failures came from", traces_table(outcome.traces, glyphs)
        yield from ending.parts
        if outcome.checks:
            yield "expected", checks_table(outcome.checks, glyphs)
        if outcome.problems:
            yield "problems", problem_lines(outcome.problems, glyphs)
        if ending.notice:
            yield "notice", Text(unwrapped(ending.notice))
        if ending.next_playbook or ending.repeat:
            yield "next", _next_lines(ending)


def final_scene(run: RunRecording, width: int) -> Scene:
    """The run as it was when its last event had happened, for a picture ``width`` characters wide."""
    now = max((event.at for recording in run.variants.values() for event in recording.events[-1:]), default=0.0)
    header = run.header
    source = SceneSource(run.variants, title=title_of(header), subtitle=subtitle_of(header), summaries=summaries_of(header))
    return source.scene(now, plot_width(width))


def measures_table(outcome: Outcome) -> Table | Lines:
    """One column for each variant, one row for each figure that says something; of many variants, the other way round."""
    if len(outcome.variants) > MOST_COLUMNS:
        return Lines([variant.name for variant in outcome.variants], list(measure_rows(outcome)))
    table = grid()
    table.add_column(style=STYLES["faint"], no_wrap=True)
    for variant in outcome.variants:
        table.add_column(justify="right", header=Text(variant.name, STYLES["lane"]), no_wrap=True)
    table.show_header = True
    for label, cells in measure_rows(outcome):
        table.add_row(label, *cells)
    return table


def measure_rows(outcome: Outcome) -> Iterator[tuple[str, list[str]]]:
    """The name of each figure that says something, and its value in every variant."""
    for name in REQUEST_ROWS:
        values = [variant.measures.get(name) for variant in outcome.variants]
        if name in ALWAYS or any(values):
            yield name, [MEASURES[name].show(value) for value in values]
    for fact in dict.fromkeys(fact for variant in outcome.variants for fact in variant.facts):
        yield fact, [str(variant.facts.get(fact, 0)) for variant in outcome.variants]
    links = list(dict.fromkeys(link for variant in outcome.variants for link in variant.links))
    inner = _inner(links)
    yield from _first_link_rows(outcome, [link for link in links if link not in inner])
    names = LINK_ROWS if len(inner) <= MOST_LINKS else LINK_ROWS[:-1]
    rows = [(link, list(_link_rows(outcome, link, names))) for link in inner]
    told = _worst(outcome, [link for link, said in rows if said])
    for link, said in rows:
        yield from said if link in told else ()


def _worst(outcome: Outcome, links: Sequence[str]) -> set[str]:
    """As many links as there is room for, those with the most timeouts first, then the most multiplied."""

    def trouble(link: str) -> tuple[float, float]:
        of_variants = [variant.links.get(link, {}) for variant in outcome.variants]
        worst = [
            max((measures.get(name) or 0.0 for measures in of_variants), default=0.0) for name in ("timeouts", "amplification")
        ]
        return worst[0], worst[1]

    return set(sorted(links, key=trouble, reverse=True)[:MOST_LINK_ROWS])


def _first_link_rows(outcome: Outcome, links: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """What a load sends, where it tries again by itself; how its requests fared is in the rows of the requests."""
    for link in links:
        yield from _link_rows(outcome, link, TRAFFIC_ROWS)


def _link_rows(outcome: Outcome, link: str, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The figures of one link; its traffic only where some variant multiplies it."""
    of_variants = [variant.links.get(link, {}) for variant in outcome.variants]
    multiplied = any((measures.get("amplification") or 0.0) >= MULTIPLIED for measures in of_variants)
    for name in names:
        values = [measures.get(name) for measures in of_variants]
        if any(values) and (multiplied or name not in TRAFFIC_ROWS):
            yield f"{link}: {name}", ["" if value is None else MEASURES[name].show(value) for value in values]


def _inner(links: Sequence[str]) -> list[str]:
    """The links behind the first: those whose caller is called by somebody."""
    called = {link.partition(" -> ")[2] for link in links}
    return [link for link in links if link.partition(" -> ")[0] in called]


def checks_table(checks: Sequence[Check], glyphs: Glyphs) -> Table:
    """Each expectation with the values that decided it; what broke it, or the law that it says is broken, goes underneath."""
    table = grid()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", style=STYLES["number"])
    for check in checks:
        sign = Text(glyphs.yes, STYLES["good"]) if check.held else Text(glyphs.no, STYLES["wrong"])
        table.add_row(sign, Text(_sentence(check), "" if check.held else STYLES["wrong"]), Text(check.shown))
        for line in _blame(check):
            table.add_row("", Text(line, STYLES["faint"] if check.held else STYLES["trouble"]), "")
    return table


def _sentence(check: Check) -> str:
    """The sentence as it was asked of this variant: "all: no oversell" becomes "naive: no oversell", and "order: queue < 3"
    becomes "naive, order: queue < 3"."""
    joined = ", " if ": " in check.text else ": "
    return f"{check.variant}{joined}{check.text}" if check.variant else check.text


def _blame(check: Check) -> Iterator[str]:
    if check.reason:
        yield check.reason
    if check.guilty:
        few = ", ".join(check.guilty[:3])
        yield f"by {few}" + (f" and {len(check.guilty) - 3} more" if len(check.guilty) > 3 else "")


def faults_table(reports: Sequence[FaultReport], glyphs: Glyphs) -> Table:
    """What was asked of each fault beside what it did, over all variants."""
    table = grid()
    for _ in range(4):
        table.add_column(overflow="fold")
    for name, alike in _by_fault(reports).items():
        label = Text(name, STYLES["fault"])
        for what, said, note in _fault_rows(_by_figure(alike)):
            table.add_row(label, Text(what, STYLES["faint"]), said, Text(note, STYLES["faint"]))
            label = Text()
    return table


def traces_table(reports: Sequence[TraceReport], glyphs: Glyphs) -> Table:
    """From the service that was asked to the one that failed; of a trail that got lost, where."""
    table = grid()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for report in reports:
        way = f" {glyphs.arrow} ".join(report.path)
        ended = f"{report.path[-1]} failed: {report.how}" if report.found else f"{report.how}, and no id leads further"
        told = Text.assemble(way, "  ", (ended, STYLES["wrong" if report.found else "faint"]))
        table.add_row(Text(report.variant, STYLES["lane"]), Text(f"{report.count} of {report.of}", STYLES["faint"]), told)
    return table


def _fault_rows(figures: Mapping[str, list[Figure]]) -> Iterator[tuple[str, str, str]]:
    """Name, what was asked and achieved, a remark. Its begin and its end share a line."""
    times = [figure for what in TIMES for figure in figures.get(what, ())]
    if times:
        asked = list(dict.fromkeys(figure.asked_shown for figure in times))
        off = max(
            (abs(one.achieved - one.asked) for one in times if one.achieved is not None and one.asked is not None), default=0.0
        )
        yield "when", f"asked {' to '.join(asked)}", f"off by {format_duration(off)} at most"
    for what, alike in figures.items():
        if what not in TIMES:
            yield what, _asked_and_got(alike), max((figure.note for figure in alike), key=len)


def _by_fault(reports: Iterable[FaultReport]) -> Mapping[str, list[FaultReport]]:
    found: dict[str, list[FaultReport]] = {}
    for report in reports:
        found.setdefault(report.fault, []).append(report)
    return found


def _by_figure(reports: Iterable[FaultReport]) -> Mapping[str, list[Figure]]:
    found: dict[str, list[Figure]] = {}
    for report in reports:
        for figure in report.figures:
            found.setdefault(figure.what, []).append(figure)
    return found


def _asked_and_got(figures: Sequence[Figure]) -> str:
    asked = _range([(figure.asked, figure.asked_shown) for figure in figures])
    got = _range([(figure.achieved, figure.achieved_shown) for figure in figures])
    return f"asked {asked}, got {got}" if asked else got


def _range(figures: Sequence[tuple[float | None, str]]) -> str:
    """Values as they are shown, from the least to the most of all variants."""
    known = sorted(((value, shown) for value, shown in figures if value is not None), key=lambda one: one[0])
    if not known:
        return figures[0][1]
    low, high = known[0][1], known[-1][1]
    return low if low == high else f"{low} to {high}"


def problem_lines(problems: Sequence[RunProblem], glyphs: Glyphs) -> Text:
    lines = []
    for problem in problems:
        when = "" if problem.at is None else f"{problem.at:.2f}s "
        whose = f"{problem.variant}: " if problem.variant else ""
        lines.append(f"{glyphs.no} {when}{whose}{problem.text}")
    return Text("\n".join(lines), STYLES["wrong"])


def verdict(outcome: Outcome, ending: Ending, glyphs: Glyphs) -> Text:
    """The last line: how it went, and what the command exits with."""
    code = outcome.exit_code if ending.exit_code is None else ending.exit_code
    total, broken = len(outcome.checks), len(outcome.broken)
    match code:
        case ExitCode.HELD:
            said = f"every expectation held ({total})" if total else "the run is over; nothing was expected of it"
        case ExitCode.VIOLATED:
            said = f"{broken} of {total} expectations did not hold"
        case ExitCode.INTERRUPTED:
            said = "interrupted; everything was undone"
        case _:
            said = ending.error or "the run could not be made as asked"
    good = code is ExitCode.HELD
    line = Text(f"{glyphs.yes if good else glyphs.no} {said}", STYLES["good" if good else "wrong"])
    return line.append(f"  (exit {code.value})", STYLES["faint"])


def _next_lines(ending: Ending) -> Text:
    lines = Text()
    if ending.next_playbook:
        lines.append(f"chaos run {ending.next_playbook}", STYLES["title"])
    if ending.repeat:
        lines.append("\n" if ending.next_playbook else "")
        lines.append(ending.repeat).append("   # this run again", STYLES["faint"])
    return lines


def unwrapped(text: str) -> str:
    """Prose as written in a file, its lines joined again; an empty line still ends a paragraph."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def grid() -> Table:
    """A table without lines."""
    return Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
