"""What an exploration found: each way to break a promise with its picture, its story and its odds; what was reached, what never.

A failure is shown by the run of its minimum, which whoever shows it has played again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from chaoscli.exploration import ALWAYS, Chance, Failure, Findings, Plan, PlannedFault, Violation
from chaoscli.recording import RunRecording
from chaoscli.units import format_count, format_duration, format_share
from chaoscli.views.final import final_scene, grid
from chaoscli.views.glyphs import STYLES, Glyphs, glyphs_for
from chaoscli.views.lines import Indented
from chaoscli.views.timeline import Timeline

# Seeds that are named; of the others there is the number.
SHOWN_SEEDS = 6
# Where a curve has long stretches of the same height, its ends say it all.
BAR = 20
# Facts that services told are as many as there are kinds of them.
MOST_FACTS = 12


class FailurePage:
    """One failing run: the picture with the guilty moment marked, and what led to it in words."""

    def __init__(self, run: RunRecording, violation: Violation, story: Sequence[tuple[float, str]]) -> None:
        self._run = run
        self._violation = violation
        self._story = story

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        scene = final_scene(self._run, options.max_width)
        mark = f"'{self._violation.invariant}' is broken, at {self._violation.at_s:.3f}s"
        yield Timeline(replace(scene, story=(), mark_s=self._violation.at_s, mark=mark))
        yield ""
        yield Indented(story_table(self._story))


def story_table(story: Sequence[tuple[float, str]]) -> Table:
    """Times and words; the guilty moment stands out."""
    table = grid()
    table.add_column(justify="right", style=STYLES["faint"], no_wrap=True)
    table.add_column(overflow="fold")
    for at_s, words in story:
        table.add_row(f"{at_s:.3f}s", Text(words, STYLES["wrong"] if words.startswith("HERE ") else ""))
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where a failure can be had again: ``file`` its reproduction, if it could be written, ``run`` its recording, which only
    those have that are shown whole."""

    file: str | None
    run: RunRecording | None = None


class ExplorationPage:
    """The end of ``chaos explore``. ``kept`` are the failures in their order."""

    def __init__(self, findings: Findings, kept: Sequence[Kept]) -> None:
        self._findings = findings
        self._kept = kept

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs, findings = glyphs_for(console), self._findings
        for number, (failure, kept) in enumerate(zip(findings.failures, self._kept, strict=True), start=1):
            yield from self._failure(number, failure, kept, glyphs)
        for title, part in self._parts():
            yield Text(title, STYLES["title"])
            yield Indented(part)
            yield ""
        yield Indented(verdict_line(findings, glyphs), 0)

    def _failure(self, number: int, failure: Failure, kept: Kept, glyphs: Glyphs) -> Iterator[RenderableType]:
        yield Text(f"{number}  {failure.name}", STYLES["wrong"])
        yield Indented(Text(_found(failure)), 3)
        yield Indented(plan_table(failure.plan), 3)
        if kept.run is not None:
            yield ""
            yield FailurePage(kept.run, failure.violation, failure.story)
            yield ""
            yield Indented(Text("how likely it is from each moment on, under other dice", STYLES["title"]))
            yield Indented(chances_part(failure.chances, failure.violation.at_s, glyphs))
            yield ""
        if kept.file is not None:
            yield Indented(Text(f"chaos replay {kept.file}", STYLES["title"]), 3)
        yield ""

    def _parts(self) -> Iterator[tuple[str, RenderableType]]:
        findings = self._findings
        if findings.unexplained:
            seeds: dict[str, list[int]] = {}
            for promise, seed in findings.unexplained:
                seeds.setdefault(promise, []).append(seed)
            why = {promise: f"; {reason}" for promise, reason in findings.not_smaller.items()}
            words = [f"{promise}: {_seeds(found)}{why.get(promise, '')}" for promise, found in seeds.items()]
            yield "broken, and not made smaller", Text("\n".join(words))
        if not findings.seeds:
            return
        yield "looked for", Text(_of_variants(looked_for(findings)))
        if any(findings.left_aside.values()):
            yield "already broken without any fault, and left aside", Text(_of_variants(findings.left_aside), STYLES["trouble"])
        if findings.reached:
            yield "reached", reached_text(findings.reached)
        if findings.never:
            yield "never reached", Text(", ".join(findings.never), STYLES["trouble"])


def looked_for(findings: Findings) -> dict[str, tuple[str, ...]]:
    """Of each variant the promises that it could have been seen to break."""
    return {variant: tuple(dict.fromkeys((*names, *ALWAYS))) for variant, names in findings.invariants.items()}


def _of_variants(names: Mapping[str, Sequence[str]]) -> str:
    """A line for all variants, or one for those that have the same; those that have none are left out."""
    variants: dict[str, list[str]] = {}
    for variant, its_names in names.items():
        if its_names:
            variants.setdefault(", ".join(its_names), []).append(variant)
    if len(variants) == 1 and len(names) == sum(map(len, variants.values())):
        return next(iter(variants))
    return "\n".join(f"{', '.join(of)}: {line}" for line, of in variants.items())


def _found(failure: Failure) -> str:
    faults, least = failure.planned_faults, len(failure.plan.faults)
    odds = f"{failure.again} of {failure.tried} other seeds break it too: {failure.nature}"
    smaller = f"{format_count(faults, 'fault')} made {least} in {format_count(failure.runs, 'run')}"
    return f"{_seeds(failure.seeds)}; {smaller}; {odds}"


def _seeds(seeds: Sequence[int]) -> str:
    """``2 seeds (10, 12)``."""
    shown = ", ".join(map(str, seeds[:SHOWN_SEEDS])) + (", ..." if len(seeds) > SHOWN_SEEDS else "")
    return f"{format_count(len(seeds), 'seed')} ({shown})"


def plan_table(plan: Plan) -> Table:
    """What is done, when, for how long."""
    table = grid()
    for _ in range(3):
        table.add_column(overflow="fold")
    for fault in plan.faults:
        figures = ", ".join(f"{name} {value}" for name, value in fault.settings.items())
        table.add_row(Text(fault.what, STYLES["fault"]), Text(_when(fault)), Text(figures, STYLES["faint"]))
    return table


def _when(fault: PlannedFault) -> str:
    lasts = f"for {format_duration(fault.for_s)}"
    if fault.after is None:
        return f"at {format_duration(fault.at_s) if fault.at_s else '0s'} {lasts}"
    return f"{format_duration(fault.at_s) + ' after' if fault.at_s else 'at'} the {fault.after} {lasts}"


def chances_part(chances: Sequence[Chance], guilty_s: float, glyphs: Glyphs) -> RenderableType:
    """A curve, where there is one to see."""
    if chances and all(one.failed == one.tried for one in chances):
        return Text("certain from the start")
    return chances_table(chances, guilty_s, glyphs)


def chances_table(chances: Sequence[Chance], guilty_s: float, glyphs: Glyphs) -> Table:
    """One bar for each moment; of a stretch that does not change, the first and the last."""
    table = grid()
    table.add_column(justify="right", style=STYLES["faint"], no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, style=STYLES["trouble"])
    kept = [
        one for place, one in enumerate(chances)
        if not 0 < place < len(chances) - 1 or not chances[place - 1].share == one.share == chances[place + 1].share
    ]  # fmt: skip
    marked = False
    for one in kept:
        is_past = one.at_s >= guilty_s and not marked
        marked = marked or is_past
        full = round(one.share * BAR)
        bar = Text(glyphs.levels[-1] * full, STYLES["wrong"]).append(glyphs.floor * (BAR - full), STYLES["faint"])
        table.add_row(f"{one.at_s:.3f}s", bar, format_share(one.share), f"{glyphs.head} broken by now" if is_past else "")
    return table


def reached_text(reached: Mapping[str, int]) -> Text:
    """What came to pass, the facts of services behind the rest."""
    general = [f"{word} {count}x" for word, count in reached.items() if not word.startswith("'")]
    facts = sorted(((word, count) for word, count in reached.items() if word.startswith("'")), key=lambda one: -one[1])
    shown = [f"{word} {count}x" for word, count in facts[:MOST_FACTS]]
    left_out = [f"and {len(facts) - MOST_FACTS} more facts"] if len(facts) > MOST_FACTS else []
    return Text(", ".join([*general, *shown, *left_out]))


def verdict_line(findings: Findings, glyphs: Glyphs) -> Text:
    """How it went, in a line."""
    speed = f"{findings.seeds / findings.searching_s:.1f} a second" if findings.searching_s else ""
    took = format_duration(round(findings.seconds, 1))
    tried = f"{format_count(findings.seeds, 'seed')} in {took} ({speed}, {format_count(findings.messages, 'message')})"
    broken = f"{findings.failing} of {format_count(findings.trials, 'run')} broke a promise"
    if not findings.complete:
        how = "ended by an error" if findings.ended_by else "interrupted"
        return Text(f"{glyphs.no} {findings.playbook}: {how} after {tried}; {broken}", STYLES["wrong"])
    if not findings.seeds:  # the shard of a search with fewer seeds than parts: nothing is wrong, and nothing is shown to hold
        return Text(f"{findings.playbook}: this part has nothing to do: there are fewer seeds than parts")
    if findings.failing:
        ways = format_count(len(findings.failures), "way")
        return Text(f"{glyphs.no} {findings.playbook}: {broken}, in {ways}; {tried}", STYLES["wrong"])
    return Text(f"{glyphs.yes} {findings.playbook}: no promise was broken in {tried}", STYLES["good"])
